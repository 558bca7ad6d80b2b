import { type ClientDuplexStream, credentials, status } from '@grpc/grpc-js';
import {
  type CommandsRequest,
  type CommandsResponse,
  ParkServiceClient,
  ParkServiceService,
  Reason,
} from '@parkade/proto';
import { type CallFailure, callFailure } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import type { GatewayLimits } from '../config.js';
import { parkRequest, says } from '../testing/samples.testing.js';
import { TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

/** A client of the Commands stream. */
class Bulk {
  readonly answers = new Map<number, CommandsResponse['answer']>();
  /** Answers that came in a message of their own. */
  alone = 0;
  readonly ended: Promise<CallFailure | undefined>;

  constructor(readonly stream: ClientDuplexStream<CommandsRequest, CommandsResponse>) {
    stream.on('data', (message: CommandsResponse) => {
      const { batch } = message;
      if (batch.length === 0) this.alone++;
      for (const { correlationId, answer } of batch.length === 0 ? [message] : batch) {
        this.answers.set(correlationId, answer);
      }
    });
    this.ended = new Promise((resolve) => {
      stream.on('error', (error) => resolve(callFailure(error)));
      stream.on('end', () => resolve(undefined));
    });
  }

  send(correlationId: number, changes: Partial<CommandsRequest> = {}): void {
    const command = { $case: 'park' as const, value: parkRequest({ requestId: '' }) };
    this.stream.write({ correlationId, timeout: undefined, command, batch: [], ...changes });
  }

  /** Many in one message. */
  sendBatch(correlationIds: readonly number[]): void {
    const batch = correlationIds.map((correlationId) => ({
      correlationId,
      timeout: undefined,
      command: { $case: 'park' as const, value: parkRequest({ requestId: '' }) },
      batch: [],
    }));
    this.send(0, { command: undefined, batch });
  }
}

async function bulk(limits: Partial<GatewayLimits> = {}): Promise<Bulk> {
  bed = await TestBed.start({ limits });
  bed.owner.script = () => says.park();
  return new Bulk(bed.client.commands());
}

describe('the Commands stream', () => {
  it('answers every command, also those that were under way when the client ended its side (C1)', async () => {
    const client = await bulk();
    for (let id = 1; id <= 300; id++) client.send(id);
    client.stream.end();
    expect(await client.ended).toBeUndefined();
    expect(client.answers.size).toBe(300);
    expect(client.answers.get(300)?.$case).toBe('park');
  });

  it('gives each refusal as an answer with code, reason and metadata', async () => {
    const client = await bulk();
    bed.owner.script = () => says.refusal(Reason.SLOT_OCCUPIED, { slot: '701' });
    client.send(1);
    client.send(2, { command: undefined });
    client.send(3, { timeout: { seconds: -1, nanos: 0 } });
    client.send(4, { command: { $case: 'park', value: parkRequest({ note: 'x'.repeat(70_000) }) } });
    client.stream.end();
    await client.ended;
    const value = (id: number): unknown => client.answers.get(id)?.value;
    const refused = { code: status.FAILED_PRECONDITION, reason: Reason.SLOT_OCCUPIED, metadata: { slot: '701' } };
    expect(value(1)).toMatchObject(refused);
    expect(value(2)).toMatchObject({ reason: Reason.INVALID_FIELD, metadata: { field: 'command' } });
    expect(value(3)).toMatchObject({ reason: Reason.INVALID_FIELD, metadata: { field: 'timeout' } });
    expect(value(4)).toMatchObject({ code: status.INVALID_ARGUMENT, reason: Reason.TOO_LARGE });
  });

  it('keeps the time each command allows', async () => {
    const client = await bulk();
    bed.owner.script = ({ op }) => (op?.$case === 'park' && op.value.note === 'late' ? 'silence' : says.park());
    client.send(1, {
      timeout: { seconds: 0, nanos: 200_000_000 },
      command: { $case: 'park', value: parkRequest({ note: 'late' }) },
    });
    client.send(2);
    client.stream.end();
    await client.ended;
    expect(client.answers.get(1)?.value).toMatchObject({ reason: Reason.DEADLINE });
    expect(client.answers.get(2)?.$case).toBe('park');
  });

  it('stops reading at its bound of unanswered commands, and goes on when they are answered (C2)', async () => {
    const client = await bulk({ maxStreamUnanswered: 8 });
    const release: (() => void)[] = [];
    bed.owner.script = () => new Promise((resolve) => release.push(() => resolve(says.park())));
    for (let id = 1; id <= 100; id++) client.send(id);
    await expect.poll(() => release.length).toBe(8);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(release).toHaveLength(8);
    bed.owner.script = () => says.park();
    for (const go of release) go();
    client.stream.end();
    await client.ended;
    expect(client.answers.size).toBe(100);
  });

  it('is refused past the bound of open streams, and taken when one has ended', async () => {
    const first = await bulk({ maxCommandStreams: 1 });
    first.send(1);
    await expect.poll(() => first.answers.size).toBe(1);
    const second = new Bulk(bed.client.commands());
    expect(await second.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: Reason.OVERLOADED });
    first.stream.end();
    expect(await first.ended).toBeUndefined();
    const third = new Bulk(bed.client.commands());
    third.send(1);
    await expect.poll(() => third.answers.size).toBe(1);
  });

  it('ends with INVALID_ARGUMENT on a message that does not decode, after answering what came before (C3)', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park();
    const { path, requestSerialize, responseDeserialize } = ParkServiceService.commands;
    const serialize = (value: CommandsRequest | Buffer): Buffer =>
      Buffer.isBuffer(value) ? value : requestSerialize(value);
    const raw = bed.client.makeBidiStreamRequest(path, serialize, responseDeserialize);
    const client = new Bulk(raw);
    client.send(1);
    raw.write(Buffer.from([0x1a, 0xff]));
    expect(await client.ended).toMatchObject({ code: status.INVALID_ARGUMENT, reason: Reason.MALFORMED_MESSAGE });
    expect(client.answers.size).toBe(1);
  });

  it('answers what it read and ends with DRAINING when the gateway drains (C4)', async () => {
    const client = await bulk();
    const release: (() => void)[] = [];
    bed.owner.script = () => new Promise((resolve) => release.push(() => resolve(says.park())));
    client.send(1);
    await expect.poll(() => release.length).toBe(1);
    const drained = bed.current.drain(5_000);
    for (const go of release) go();
    expect(await client.ended).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.DRAINING });
    expect(client.answers.get(1)?.$case).toBe('park');
    await drained;
  });

  it('ends in good order when its connection has come to its age, however often its client pings (C4)', async () => {
    bed = await TestBed.start({ maxConnectionAgeMs: 500 });
    bed.owner.script = () => says.park();
    const options = { 'grpc.keepalive_time_ms': 100, 'grpc.keepalive_permit_without_calls': 1 };
    const bulkClient = new ParkServiceClient(bed.current.address, credentials.createInsecure(), options);
    const client = new Bulk(bulkClient.commands());
    let sent = 0;
    const sending = setInterval(() => client.send(++sent), 5);
    const failure = await client.ended;
    clearInterval(sending);
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.DRAINING });
    // Whatever reached an owner was answered.
    expect(client.answers.size).toBe(bed.owner.commands.length);
    expect(client.answers.size).toBeGreaterThan(20);
    const next = new Bulk(bulkClient.commands());
    next.send(1);
    await expect.poll(() => next.answers.size).toBe(1);
    bulkClient.close();
  });

  it('answers a batch in batches, and one by one where there was none (C5)', async () => {
    const client = await bulk();
    client.send(1);
    await expect.poll(() => client.answers.size).toBe(1);
    client.sendBatch(Array.from({ length: 400 }, (_, i) => 2 + i));
    client.stream.end();
    expect(await client.ended).toBeUndefined();
    expect([...client.answers.values()].map((answer) => answer?.$case)).toEqual(Array(401).fill('park'));
    expect(client.alone).toBe(1);
  });

  it('takes a batch of many commands that together are longer than one may be, and refuses what is too many', async () => {
    const client = await bulk({ maxRequestBytes: 1_000 });
    client.sendBatch(Array.from({ length: 1_100 }, (_, i) => i));
    client.send(5_000, {
      command: undefined,
      batch: [{ correlationId: 4_000, timeout: undefined, command: undefined, ...nested() }],
    });
    client.stream.end();
    expect(await client.ended).toBeUndefined();
    const cases = (from: number, to: number): unknown[] =>
      Array.from({ length: to - from }, (_, i) => client.answers.get(from + i)?.$case);
    expect(new Set(cases(0, 1_024))).toEqual(new Set(['park']));
    expect(new Set(cases(1_024, 1_100))).toEqual(new Set(['error']));
    expect(client.answers.get(4_000)?.value).toMatchObject({ metadata: { field: 'batch' } });
  });
});

function nested(): Pick<CommandsRequest, 'batch'> {
  return { batch: [{ correlationId: 4_001, timeout: undefined, command: undefined, batch: [] }] };
}
