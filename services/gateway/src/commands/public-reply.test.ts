import {
  type CommandAnswer,
  CommandsResponse,
  ExchangeResponse,
  type Park,
  PresenceType,
  Reason,
  type Slot,
} from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { describe, expect, it } from 'vitest';
import { encodeAnswers } from '../stream/encode-answers.js';
import { readAnswers, type OwnerAnswer } from '../routing/owner-answer.js';
import { park as parkOf, says } from '../testing/samples.testing.js';
import type { CommandName, PublicAnswer } from './public-command.js';
import { PublicReply } from './public-reply.js';

const park: Park = parkOf({ slot: '701', note: 'n' });
const slot: Slot = {
  tenantId: 'acme',
  lotId: 'default',
  slot: '701',
  parks: [park],
  revision: 7,
  presence: PresenceType.EARLY,
  presenceId: '',
};

function answered(result: CommandAnswer['result'], fenced = true): OwnerAnswer {
  const answers = [{ correlationId: 1, revision: 7, fenced, result }];
  const [answer] = readAnswers(ExchangeResponse.encode({ answers }).finish());
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

const PARK = { $case: 'park', value: park } as const;
const TAKEN = { $case: 'retrieved', value: park } as const;

const ROWS: readonly [CommandName, CommandAnswer['result'], PublicAnswer][] = [
  ['park', PARK, { $case: 'park', value: { park, revision: 7 } }],
  ['reserve', PARK, { $case: 'park', value: { park, revision: 7 } }],
  ['movePark', PARK, { $case: 'park', value: { park, revision: 7 } }],
  ['retrieve', TAKEN, { $case: 'retrieve', value: { park, revision: 7 } }],
  ['beginRetrieve', PARK, { $case: 'retrieve', value: { park, revision: 7 } }],
  [
    'parkOrRetrieve',
    PARK,
    { $case: 'parkOrRetrieve', value: { outcome: { $case: 'parked', value: park }, revision: 7 } },
  ],
  [
    'parkOrRetrieve',
    TAKEN,
    { $case: 'parkOrRetrieve', value: { outcome: { $case: 'retrieved', value: park }, revision: 7 } },
  ],
  ['release', PARK, { $case: 'release', value: { park, revision: 7 } }],
  ['getSlot', { $case: 'slot', value: slot }, { $case: 'getSlot', value: { slot, fenced: true } }],
];

describe('the reply to a command', () => {
  it.each(ROWS)('to %s is what its message holds', (command, result, expected) => {
    const reply = new PublicReply(command, answered(result));
    expect(reply.read()).toEqual(expected);
    expect(CommandsResponse.decode(encodeAnswers([{ correlationId: 5, answer: reply }], false))).toEqual({
      correlationId: 5,
      answer: expected,
      batch: [],
    });
  });

  it('is none where the owner answered something else', () => {
    expect(() => new PublicReply('park', answered(TAKEN))).toThrow('park with retrieved');
    expect(() => new PublicReply('release', answered(undefined))).toThrow('release with nothing');
    expect(() => new PublicReply('getSlot', answered(says.partFull))).toThrow('getSlot with partFull');
  });

  it('stands in a batch beside refusals', () => {
    const refused = new Refused(Reason.SLOT_OCCUPIED, 'taken', { slot: '701' });
    const bytes = encodeAnswers(
      [
        { correlationId: 0, answer: refused },
        { correlationId: 2 ** 40, answer: new PublicReply('getSlot', answered({ $case: 'slot', value: slot }, false)) },
      ],
      true,
    );
    const { code, reason, message, metadata } = refused;
    expect(CommandsResponse.decode(bytes).batch).toEqual([
      { correlationId: 0, answer: { $case: 'error', value: { code, reason, message, metadata } }, batch: [] },
      { correlationId: 2 ** 40, answer: { $case: 'getSlot', value: { slot, fenced: false } }, batch: [] },
    ]);
  });
});
