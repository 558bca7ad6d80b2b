import { type CommandAnswer, ExchangeResponse, Reason } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { says } from '../testing/samples.testing.js';
import { readAnswers } from './owner-answer.js';

const RESULTS: readonly CommandAnswer['result'][] = [
  says.park({ slot: '701' }),
  { $case: 'retrieved', value: { ...park(), note: 'x'.repeat(300) } },
  says.refusal(Reason.SLOT_OCCUPIED, { slot: '701' }),
  says.notOwner('127.0.0.1:1', 5),
  says.toPart(3, 1),
  says.partFull,
  undefined,
];

describe('the answers of an owner', () => {
  it('say what the generated code reads in them, once they are asked', () => {
    const answers = RESULTS.map((result, i) => ({
      correlationId: i * 1_000,
      revision: i,
      fenced: i % 2 === 0,
      result,
    }));
    const read = readAnswers(ExchangeResponse.encode({ answers }).finish());
    expect(
      read.map((answer) => ({
        correlationId: answer.correlationId,
        revision: answer.revision,
        fenced: answer.fenced,
        result: answer.result(),
      })),
    ).toEqual(answers);
    expect(read.map(({ kind }) => kind)).toEqual(RESULTS.map((result) => result?.$case));
  });

  it('are refused where they do not decode', () => {
    const bytes = ExchangeResponse.encode({
      answers: [{ correlationId: 1, revision: 1, fenced: false, result: says.park() }],
    }).finish();
    expect(() => readAnswers(bytes.subarray(0, bytes.length - 1))).toThrow();
  });
});

function park(): Extract<NonNullable<CommandAnswer['result']>, { readonly $case: 'park' }>['value'] {
  const result = says.park();
  if (result?.$case !== 'park') throw new Error('no park');
  return result.value;
}
