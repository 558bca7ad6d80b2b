import { type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Owner, ParkServiceClient, type ParkServiceService, type WatchSlotsResponse } from '@parkade/proto';
import { type CallFailure, callFailure, NO_SECURITY, type Security, silentLog } from '@parkade/rpc';
import { ensureMeta, ensureTenantLot } from '@parkade/settings';
import { openEmbeddedStore, type Store } from '@parkade/store';
import type { GatewayConfigInput } from '../config.js';
import { createGateway, type Gateway } from '../gateway.js';
import { FakeOwner } from './fake-owner.testing.js';

export const SHARDS = 8;

type Methods = typeof ParkServiceService;
type UnaryName = Exclude<keyof Methods, 'watchSlots' | 'commands'>;
type RequestOf<Name extends UnaryName> = ReturnType<Methods[Name]['requestDeserialize']>;
type ResponseOf<Name extends UnaryName> = ReturnType<Methods[Name]['responseDeserialize']>;

/** A gateway on an embedded store, with fake owners, and a client of its API. */
export class TestBed {
  readonly clock = new SystemClock();
  readonly owners: FakeOwner[] = [];
  readonly #clients: ParkServiceClient[] = [];
  readonly #gateways: Gateway[] = [];

  private constructor(readonly store: Store) {}

  /** With the tenant `acme`, its lot `default`, and one owner of every shard unless told otherwise. */
  static async start(config: GatewayConfigInput = {}, owners = 1): Promise<TestBed> {
    const clock = new SystemClock();
    const bed = new TestBed(await openEmbeddedStore({ clock }));
    await ensureMeta(bed.store, { shardCount: SHARDS, random: new SystemRandom() });
    await ensureTenantLot(bed.store, 'acme', 'default');
    for (let i = 0; i < owners; i++) bed.owners.push(await FakeOwner.start());
    const first = bed.owners[0];
    if (first !== undefined) await bed.own(first);
    await bed.gateway(config);
    return bed;
  }

  /** Starts a gateway, and makes `client` speak to it from now on. */
  async gateway(config: GatewayConfigInput = {}, security: Security = NO_SECURITY): Promise<Gateway> {
    const gateway = await createGateway(config, {
      store: this.store,
      clock: this.clock,
      random: new SystemRandom(),
      log: silentLog,
      security,
    });
    this.#gateways.push(gateway);
    this.#clients.push(new ParkServiceClient(gateway.address, credentials.createInsecure()));
    return gateway;
  }

  get owner(): FakeOwner {
    return this.at(this.owners, 0);
  }

  get client(): ParkServiceClient {
    return this.at(this.#clients, -1);
  }

  get current(): Gateway {
    return this.at(this.#gateways, -1);
  }

  /** Writes owner keys: `owner` owns these shards (default: all). */
  async own(owner: { readonly address: string }, shards: readonly number[] = ALL): Promise<number> {
    const value = Owner.encode({ memberId: owner.address, address: owner.address, incarnation: 'i' }).finish();
    const result = await this.store.txn({
      compare: [],
      success: shards.map((shard) => ({ kind: 'put', key: keys.owner('slot-shard', shard), value })),
    });
    return result.revision;
  }

  /** Nobody owns these shards. */
  async disown(shards: readonly number[] = ALL): Promise<void> {
    await this.store.txn({
      compare: [],
      success: shards.map((shard) => ({ kind: 'delete', range: { start: keys.owner('slot-shard', shard) } })),
    });
  }

  call<Name extends UnaryName>(name: Name, request: RequestOf<Name>, timeoutMs = 5_000): Promise<ResponseOf<Name>> {
    const { path, requestSerialize, responseDeserialize } = this.client[name] as unknown as Methods[Name];
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        requestSerialize as (value: RequestOf<Name>) => Buffer,
        responseDeserialize as (bytes: Buffer) => ResponseOf<Name>,
        request,
        new Metadata(),
        { deadline: this.clock.nowMs() + timeoutMs },
        (error, response) => {
          if (error === null && response !== undefined) resolve(response);
          else reject(error ?? new Error('no response'));
        },
      );
    });
  }

  /** What the client is told instead of an answer. Fails when it gets one. */
  async failure<Name extends UnaryName>(
    name: Name,
    request: RequestOf<Name>,
    timeoutMs?: number,
  ): Promise<CallFailure> {
    try {
      await this.call(name, request, timeoutMs);
    } catch (error) {
      return callFailure(error);
    }
    throw new Error(`${name} was answered`);
  }

  watch(lotId = '', resumeToken = ''): WatchLog {
    return new WatchLog(this.client.watchSlots({ tenantId: 'acme', lotId, resumeToken }));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#gateways.map((gateway) => gateway.close()));
    await Promise.all(this.owners.map((owner) => owner.stop()));
    await this.store.close();
  }

  at<T>(items: readonly T[], index: number): T {
    const item = items.at(index);
    if (item === undefined) throw new Error(`there is no item ${index}`);
    return item;
  }
}

const ALL = Array.from({ length: SHARDS }, (_, shard) => shard);

/** What a watch was sent: `reset`, `synced`, `701=c-1` (parked), `701=` (free). */
export class WatchLog {
  readonly lines: string[] = [];
  token = '';
  failure: CallFailure | undefined;
  readonly #waiting: { readonly count: number; readonly done: () => void }[] = [];

  constructor(readonly stream: ClientReadableStream<WatchSlotsResponse>) {
    stream.on('data', ({ event, resumeToken }: WatchSlotsResponse) => {
      this.token = resumeToken;
      if (event?.$case === 'slot') {
        this.lines.push(`${event.value.slot}=${event.value.parks.map(({ call }) => call?.callId).join(',')}`);
      } else this.lines.push(event?.$case ?? 'nothing');
      this.#wake();
    });
    stream.on('error', (error) => {
      this.failure = callFailure(error);
      this.#wake();
    });
  }

  /** Resolves with the first `count` lines once there are so many, or the watch has ended. */
  async first(count: number): Promise<readonly string[]> {
    if (this.lines.length < count && this.failure === undefined) {
      await new Promise<void>((done) => this.#waiting.push({ count, done }));
    }
    return this.lines.slice(0, count);
  }

  #wake(): void {
    for (const { count, done } of this.#waiting) {
      if (this.lines.length >= count || this.failure !== undefined) done();
    }
  }
}
