import type { ServerDuplexStream } from '@grpc/grpc-js';
import { SeededRandom, SystemClock } from '@parkade/clock';
import {
  type Command,
  type CommandAnswer,
  type ExchangeRequest,
  type ExchangeResponse,
  Reason,
  SlotShardServiceService,
} from '@parkade/proto';
import { GrpcServer, NO_SECURITY } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../config.js';
import { Owners } from './owners.js';

const clock = new SystemClock();
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An owner that answers in this order, then with nothing more to say. */
async function ownerOf(...answers: readonly CommandAnswer['result'][]): Promise<{ owners: Owners; asked: Command[] }> {
  const asked: Command[] = [];
  const exchange = (call: ServerDuplexStream<ExchangeRequest, ExchangeResponse>): void => {
    call.on('error', () => undefined);
    call.on('data', ({ commands }: ExchangeRequest) => {
      for (const command of commands) {
        const result = answers[asked.push(command) - 1];
        call.write({ answers: [{ correlationId: command.correlationId, revision: 7, fenced: true, result }] });
      }
    });
  };
  const service = { definition: SlotShardServiceService, implementation: { exchange } };
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services: [service] }, clock);
  const address = `127.0.0.1:${server.port}`;
  const owners = new Owners(DEFAULT_LIMITS, {
    ownerOf: () => ({ memberId: 'owner', address, incarnation: '', epoch: 1 }),
    clock,
    random: new SeededRandom(1),
    settingsRevision: () => 0,
    stop: new AbortController().signal,
    peers: NO_SECURITY.peers,
  });
  closers.push(
    () => server.stop(0),
    () => owners.close(),
  );
  return { owners, asked };
}

const refusal = (reason: Reason): CommandAnswer['result'] => ({
  $case: 'refusal',
  value: { reason, message: '', metadata: {} },
});
const note = {
  $case: 'noteRecall' as const,
  value: { requestId: 'n', tenantId: 'acme', parkId: 'p', attempt: 1, legs: Buffer.alloc(0), untilMs: 0 },
};

describe('a command of a recall', () => {
  it.each([Reason.STORE_FULL, Reason.STORE_UNAVAILABLE, Reason.OVERLOADED])(
    'is asked again where the refusal says nothing about it, so that nobody who rings is stopped: %s (D2)',
    async (reason) => {
      const { owners, asked } = await ownerOf(refusal(reason), undefined);
      expect(await owners.send(3, note)).toMatchObject({ kind: 'done', revision: 7 });
      const same = { shard: 3, op: note, fingerprint: asked[0]?.fingerprint };
      expect(asked).toMatchObject([same, same]);
    },
  );

  it('is refused where the refusal is about it', async () => {
    const { owners, asked } = await ownerOf(refusal(Reason.WRONG_ATTEMPT));
    expect(await owners.send(3, note)).toMatchObject({ kind: 'refused', reason: Reason.WRONG_ATTEMPT });
    expect(asked).toHaveLength(1);
  });
});
