import type { ServerDuplexStream } from '@grpc/grpc-js';
import { openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { EVENT_BATCHES, STREAMS } from '@parkade/presence';
import { type Command, type ExchangeRequest, ParkRequest } from '@parkade/proto';
import { BatchWriter } from '@parkade/rpc';
import { MAX_TXN_OPS, openEtcdStore } from '@parkade/store';
import { ECHO, EchoClient } from './echo-service.js';
import type { RoleSetup, Running } from './messages.js';
import { serve } from './run-echo.js';

type Stream = ServerDuplexStream<ExchangeRequest, ExchangeRequest>;

const MAX_BATCH = 1_024;
/** Under one name of a slot. */
const OWN_SLOTS = 256;
/** Commands in one value of a log. */
const MAX_LOGGED = 512;
/** From one message to the bus to the next, ms. */
const GATHER_MS = 5;
/** An event as the product publishes it: so many characters. */
const EVENT = 'x'.repeat(700);

function writerOf(stream: ConstructorParameters<typeof BatchWriter<Command, ExchangeRequest>>[0]) {
  return new BatchWriter<Command, ExchangeRequest>(stream, (commands) => ({ commands }), new SystemClock(), MAX_BATCH);
}

/** A gateway that does nothing but read and write: what comes on a stream is sent on on another one, and back. */
export async function runLimitGateway({ to = '' }: RoleSetup): Promise<Running> {
  const client = new EchoClient(to);
  const port = await serve(ECHO, {
    batches: (call: Stream) => {
      const owner = client.batches();
      const [asked, answered] = [writerOf(owner), writerOf(call)];
      call.on('data', ({ commands }: ExchangeRequest) => commands.forEach((command) => asked.push(command)));
      owner.on('data', ({ commands }: ExchangeRequest) => commands.forEach((command) => answered.push(command)));
      owner.on('error', () => undefined);
      call.on('error', () => owner.cancel());
      call.on('cancelled', () => owner.cancel());
      call.on('end', () => call.end());
    },
  });
  return { address: `127.0.0.1:${port}`, answers: {} };
}

/** A command that waits to be written, and whom to tell. */
interface Waiting {
  readonly command: Command;
  readonly answer: (command: Command) => void;
}

interface Put {
  readonly kind: 'put';
  readonly key: string;
  readonly value: Buffer;
}

/** Takes what a transaction holds from what waits, and says what it puts. */
type Take = (
  waiting: Waiting[],
  transaction: number,
) => { readonly batch: readonly Waiting[]; readonly puts: readonly Put[] };

/**
 * An owner that decides nothing and keeps nothing: of each command a record of some 500 bytes and, with the others of its tenant in the
 * transaction, a value of what it is answered; a line for the bus; and the command itself as its answer.
 */
export function runLimitOwner(setup: RoleSetup): Promise<Running> {
  return runOwnerThat(takeRecords, setup);
}

/** The same, which puts all that a transaction holds into one value: what nobody could read a slot from, or take a shard over. */
export function runLimitLogOwner(setup: RoleSetup): Promise<Running> {
  return runOwnerThat(takeLog, setup);
}

function takeRecords(waiting: Waiting[], transaction: number): ReturnType<Take> {
  const batch: Waiting[] = [];
  const values = new Map<string, Buffer>();
  const byTenant = new Map<string, Buffer[]>();
  while (waiting.length > 0 && values.size + byTenant.size < MAX_TXN_OPS - 1) {
    const [next] = waiting.splice(0, 1);
    if (next?.command.op?.$case !== 'park') continue;
    const { value } = next.command.op;
    const bytes = ParkRequest.encode(value).finish();
    const slot = value.target?.kind?.$case === 'slot' ? value.target.kind.value.slot : '';
    batch.push(next);
    // A client that sends one body all the time has slots of its own, too.
    const own = next.command.correlationId % OWN_SLOTS;
    values.set(`/bench/slots/${value.tenantId}/${slot}/${own}`, Buffer.concat([bytes, bytes]));
    byTenant.set(value.tenantId, [...(byTenant.get(value.tenantId) ?? []), bytes]);
  }
  for (const [tenant, answers] of byTenant)
    values.set(`/bench/journal/${tenant}/${transaction}`, Buffer.concat(answers));
  return { batch, puts: [...values].map(([key, value]) => ({ kind: 'put', key, value })) };
}

function takeLog(waiting: Waiting[], transaction: number): ReturnType<Take> {
  const batch = waiting.splice(0, MAX_LOGGED);
  const values: Buffer[] = [];
  for (const { command } of batch) {
    if (command.op?.$case !== 'park') continue;
    const bytes = ParkRequest.encode(command.op.value).finish();
    values.push(bytes, bytes, bytes);
  }
  return { batch, puts: [{ kind: 'put', key: `/bench/log/${transaction}`, value: Buffer.concat(values) }] };
}

async function runOwnerThat(take: Take, { etcd = '', nats = '' }: RoleSetup): Promise<Running> {
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const store = await openEtcdStore({ endpoints: [etcd], clock, random });
  const bus = openBus(nats, { clock, random });
  await bus.ensureStreams(STREAMS);
  const guard = `/bench/owner/${process.pid}`;
  const { revision } = await store.txn({
    compare: [],
    success: [{ kind: 'put', key: guard, value: Buffer.from('x') }],
  });
  const waiting: Waiting[] = [];
  let [underWay, transactions, unsaid, stored, publishing] = [0, 0, 0, 0, false];

  const commit = (): void => {
    if (waiting.length === 0 || underWay >= 2 || (underWay === 1 && waiting.length < 80)) return;
    const { batch, puts: success } = take(waiting, ++transactions);
    underWay++;
    void store.txn({ compare: [{ kind: 'mod', key: guard, revision }], success }, { timeoutMs: 10_000 }).then(() => {
      underWay--;
      for (const { command, answer } of batch) answer(command);
      unsaid += batch.length;
      publishSoon();
      setImmediate(commit);
    });
  };
  let said = 0;
  const publish = (): void => {
    const lines = unsaid;
    unsaid = 0;
    void bus
      .publish(EVENT_BATCHES, linesOf(lines), { id: `limits/${process.pid}/${++said}` })
      .then(() => {
        stored += lines;
      })
      .finally(() => {
        publishing = false;
        publishSoon();
      });
  };
  const publishSoon = (): void => {
    if (publishing || unsaid === 0) return;
    publishing = true;
    setTimeout(publish, GATHER_MS);
  };
  const port = await serve(ECHO, {
    batches: (call: Stream) => {
      const writer = writerOf(call);
      call.on('data', ({ commands }: ExchangeRequest) => {
        for (const command of commands) waiting.push({ command, answer: (answer) => writer.push(answer) });
        setImmediate(commit);
      });
      call.on('error', () => writer.close());
      call.on('cancelled', () => writer.close());
    },
  });
  return { address: `127.0.0.1:${port}`, answers: { events: () => Promise.resolve(stored) } };
}

function linesOf(count: number): Uint8Array {
  return Buffer.from(Array.from({ length: count }, () => EVENT).join('\n'));
}
