import { Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { expect, it } from 'vitest';
import { park, parkRequest, pick, retrieveParkRequest, retrieve } from './support/calls.js';
import { withCluster } from './support/with-cluster.js';

const cluster = withCluster();
const CALLERS = 64;

it(
  'gives a slot to exactly one of 64 who park in it at once, and tells 63 why not, 200 times',
  { timeout: 180_000 },
  async () => {
    const { clients } = cluster();
    for (let round = 0; round < 200; round++) {
      const tenantId = `race-${round % 10}`;
      const outcomes = await Promise.all(
        Array.from({ length: CALLERS }, (_, i) =>
          park(pick(clients, i), parkRequest(tenantId, '701', `call-${round}-${i}`)).then(
            (won) => ({ won }),
            (error: unknown) => ({ refused: callFailure(error) }),
          ),
        ),
      );
      const winners = outcomes.flatMap((outcome) => ('won' in outcome ? [outcome.won] : []));
      const reasons = outcomes.flatMap((outcome) => ('won' in outcome ? [] : [outcome.refused.reason]));
      expect(winners).toHaveLength(1);
      expect(reasons).toEqual(Array(CALLERS - 1).fill(Reason.SLOT_OCCUPIED));
      const [winner] = winners;
      const taken = await retrieve(
        pick(clients, round),
        retrieveParkRequest(tenantId, winner?.parkId ?? '', 'retriever'),
      );
      expect(taken.call?.callId).toBe(winner?.call?.callId);
    }
  },
);

it('gives 64 who park at once in any free slot 64 different slots', async () => {
  const { clients } = cluster();
  for (let round = 0; round < 5; round++) {
    const parked = await Promise.all(
      Array.from({ length: CALLERS }, (_, i) =>
        park(pick(clients, i), parkRequest('any', undefined, `any-${round}-${i}`)),
      ),
    );
    expect(new Set(parked.map(({ slot }) => slot)).size).toBe(CALLERS);
    await Promise.all(
      parked.map(({ parkId }, i) =>
        retrieve(pick(clients, i + 1), retrieveParkRequest('any', parkId, `r-${round}-${i}`)),
      ),
    );
  }
});
