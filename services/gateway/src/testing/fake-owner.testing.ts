import { type ServerDuplexStream, type ServerWritableStream, type ServiceError, status } from '@grpc/grpc-js';
import { SystemClock } from '@parkade/clock';
import {
  type Command,
  type CommandAnswer,
  type ExchangeRequest,
  type ExchangeResponse,
  type FollowedRecord,
  type FollowShardRequest,
  type FollowShardResponse,
  type ListOwnedRequest,
  type ListOwnedResponse,
  Reason,
  SlotShardServiceService,
} from '@parkade/proto';
import { GrpcServer, Refused, unary } from '@parkade/rpc';

type Result = CommandAnswer['result'];
type Exchange = ServerDuplexStream<ExchangeRequest, ExchangeResponse>;
type Follow = ServerWritableStream<FollowShardRequest, FollowShardResponse>;

/** What the script says to a command: an answer, nothing ever, or the end of the stream. */
export type Scripted = Result | 'silence' | 'break';

/** An owner that does what a test tells it, on a real loopback socket. */
export class FakeOwner {
  /** Every command that came, in order. */
  readonly commands: Command[] = [];
  readonly follows: FollowShardRequest[] = [];
  readonly lists: ListOwnedRequest[] = [];
  /** How many commands came in each message. */
  readonly batches: number[] = [];
  script: (command: Command) => Scripted | Promise<Scripted> = () => undefined;
  list: (request: ListOwnedRequest) => ListOwnedResponse = () => ({
    slots: [],
    more: false,
    shards: Buffer.alloc(512, 0xff),
  });
  /** Records by shard; a new follower gets what the request asks for. */
  readonly shards = new Map<number, FakeShard>();
  /** Every answer is sent this often. */
  copies = 1;
  readonly #streams = new Set<Exchange>();
  #server: GrpcServer | undefined;

  static async start(port = 0): Promise<FakeOwner> {
    const owner = new FakeOwner();
    const service = {
      definition: SlotShardServiceService,
      implementation: {
        exchange: (call: Exchange) => owner.#exchange(call),
        followShard: (call: Follow) => owner.#follow(call),
        listOwned: unary(
          (request: ListOwnedRequest) => {
            owner.lists.push(request);
            return Promise.resolve(owner.list(request));
          },
          () => undefined,
        ),
      },
    };
    owner.#server = await GrpcServer.start({ host: '127.0.0.1', port, services: [service] }, new SystemClock());
    return owner;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  shard(number: number): FakeShard {
    const shard = this.shards.get(number) ?? new FakeShard();
    this.shards.set(number, shard);
    return shard;
  }

  /** Cuts every Exchange stream. */
  breakStreams(): void {
    for (const stream of this.#streams) stream.emit('error', broken());
    this.#streams.clear();
  }

  async stop(): Promise<void> {
    await this.#server?.stop(0);
  }

  #exchange(call: Exchange): void {
    this.#streams.add(call);
    call.on('error', () => this.#streams.delete(call));
    call.on('end', () => call.end());
    call.on('data', ({ commands }: ExchangeRequest) => {
      this.batches.push(commands.length);
      for (const command of commands) void this.#answer(call, command);
    });
  }

  async #answer(call: Exchange, command: Command): Promise<void> {
    this.commands.push(command);
    const result = await this.script(command);
    if (result === 'silence') return;
    if (result === 'break') {
      this.#streams.delete(call);
      call.emit('error', broken());
      return;
    }
    const answer = { correlationId: command.correlationId, revision: 7, fenced: true, result };
    for (let copy = 0; copy < this.copies; copy++) call.write({ answers: [answer] });
  }

  #follow(call: Follow): void {
    const { shard, afterRevision } = call.request;
    this.follows.push(call.request);
    call.on('error', () => undefined);
    this.shard(shard).follow(call, afterRevision);
  }
}

/** `destroy` would leave the call open: only an `error` event makes grpc-js send a status. */
function broken(): Partial<ServiceError> {
  return { code: status.UNAVAILABLE, details: 'broken by the test' };
}

/** One shard of a fake owner, for following. */
export class FakeShard {
  readonly records = new Map<string, FollowedRecord>();
  /** Changes up to it cannot be resumed from. */
  forgottenUpTo = 0;
  revision = 1;
  readonly #followers = new Set<Follow>();

  follow(call: Follow, afterRevision: number): void {
    const reset = afterRevision === 0 || afterRevision < this.forgottenUpTo;
    const records = [...this.records.values()].filter(({ record, revision }) =>
      reset ? record?.parks.length !== 0 : revision > afterRevision,
    );
    call.write({ reset, records, synced: true, revision: this.revision, epoch: 1 });
    this.#followers.add(call);
    call.on('cancelled', () => this.#followers.delete(call));
  }

  put(followed: FollowedRecord): void {
    const { record, revision } = followed;
    this.revision = revision;
    this.records.set(JSON.stringify(record?.name), followed);
    for (const call of this.#followers) {
      call.write({ reset: false, records: [followed], synced: true, revision, epoch: 1 });
    }
  }

  /** The shard is lost or handed off: its followers hear UNAVAILABLE. */
  lose(): void {
    for (const call of this.#followers) {
      call.emit('error', new Refused(Reason.NO_OWNER, 'gone').toServiceError());
    }
    this.#followers.clear();
  }
}
