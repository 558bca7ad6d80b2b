import { SeededRandom } from '@parkade/clock';
import { newRequestId, requestIdTimeMs } from '@parkade/ids';
import { JournalEntry } from '@parkade/proto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answerKey, RequestJournal } from './journal.js';

const START_MS = 1_700_000_000_000;
/** So few that they come again and again. */
const IDS = 12;

/** A commit of answers to some of the requests, or a round of upkeep. */
const moment = fc.oneof(
  fc.record({
    kind: fc.constant('commit' as const),
    asked: fc.uniqueArray(fc.tuple(fc.nat({ max: IDS - 1 }), fc.constantFrom('', 'sales#1')), {
      minLength: 1,
      maxLength: 4,
      selector: String,
    }),
  }),
  fc.record({ kind: fc.constant('expire' as const), limit: fc.integer({ min: 1, max: 40 }) }),
);

it('answers with what was journalled last under a key, until its commit has expired, as a map would (J1, J2)', () => {
  fc.assert(
    fc.property(fc.array(moment, { minLength: 80, maxLength: 200 }), fc.integer(), (moments, seed) => {
      const random = new SeededRandom(seed);
      const journal = new RequestJournal(0, random);
      const ids = Array.from({ length: IDS }, (_, i) => newRequestId(START_MS + i, random));
      const model = new Map<string, { readonly revision: number; readonly key: string }>();
      let revision = 0;
      for (const each of moments) {
        if (each.kind === 'commit') {
          revision++;
          const key = String(revision).padStart(8, '0');
          const answers = each.asked.map(([which, stop]) => {
            const requestId = ids[which] ?? '';
            model.set(answerKey(requestId, stop), { revision, key });
            return { requestId, stop, fingerprint: revision, answer: Buffer.from(key) };
          });
          const entry = { answers, atMs: START_MS + revision };
          journal.add(key, entry, revision, JournalEntry.encode(entry).finish());
        } else {
          const expired = journal.expired({
            nowMs: START_MS + revision,
            beforeMs: START_MS + revision,
            maxBytes: Infinity,
            limit: each.limit,
          });
          if (expired === undefined) continue;
          journal.forget(expired);
          journal.forget(expired);
          for (const [name, { key }] of model) {
            if (key > expired.lastKey) continue;
            model.delete(name);
            expect(journal.floorMs).toBeGreaterThanOrEqual(requestIdTimeMs(name.slice(0, 36)) ?? Infinity);
          }
        }
      }
      for (const requestId of ids) {
        for (const stop of ['', 'sales#1']) {
          const name = answerKey(requestId, stop);
          expect(journal.find(name)?.revision).toBe(model.get(name)?.revision);
        }
      }
      expect(journal.find(answerKey(newRequestId(START_MS, random), ''))).toBeUndefined();
    }),
  );
});
