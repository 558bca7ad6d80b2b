import { testPark } from '@parkade/presence/testing';
import { CommandAnswer, ExchangeResponse, Reason } from '@parkade/proto';
import { parkView } from '@parkade/slots';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf, refusalAnswer } from './pending.js';
import { withRevision, writeAnswer, writeAnswers } from './written-answer.js';

const NAME = { tenantId: 'acme', lotId: 'default', slot: '701' };

function parkAnswer(note: string): CommandAnswer {
  return answerOf({ $case: 'park', value: parkView(NAME, { ...testPark('p1'), note }, 0) });
}

describe('an answer that is journalled', () => {
  it('is sent with its correlation id and the revision of its commit, whatever these are and its texts hold', () => {
    const revisions = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    const ids = fc.integer({ min: 1, max: 2 ** 40 });
    fc.assert(
      fc.property(revisions, ids, fc.string({ unit: 'binary' }), (revision, correlationId, text) => {
        const note = Buffer.from(text).toString();
        const answer = parkAnswer(note);
        const expected = parkAnswer(note);
        writeAnswer(answer);
        withRevision(answer, revision);
        withRevision(expected, revision);
        const copy = { ...answer, correlationId: correlationId + 1 };
        answer.correlationId = correlationId;
        const refused = refusalAnswer(Reason.SLOT_EMPTY, 'Nobody is there.');
        const { answers } = ExchangeResponse.decode(writeAnswers({ answers: [answer, refused, copy] }));
        expect(answers).toEqual([
          { ...expected, correlationId },
          refused,
          { ...expected, correlationId: correlationId + 1 },
        ]);
      }),
    );
  });

  it('says in the journal all but the revision, which its commit tells', () => {
    const journalled = writeAnswer(parkAnswer('note'));
    expect(withRevision(CommandAnswer.decode(journalled), 42)).toEqual(withRevision(parkAnswer('note'), 42));
  });
});
