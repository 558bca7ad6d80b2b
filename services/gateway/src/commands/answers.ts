import type { CommandAnswer } from '@parkade/proto';
import type { PublicAnswer, PublicCommand } from './public-command.js';

/** The owner's answer as the client of `command` gets it. Throws on an answer of another kind: a defect of the owner. */
export function publicAnswer(command: PublicCommand['$case'], answer: CommandAnswer): PublicAnswer {
  const { result, revision } = answer;
  switch (command) {
    case 'park':
    case 'reserve':
    case 'completeReservation':
    case 'giveBackRetrieve':
    case 'movePark':
    case 'extendPark':
    case 'renewPolicy':
      if (result?.$case === 'park') return { $case: 'park', value: { park: result.value, revision } };
      break;
    case 'retrieve':
    case 'beginRetrieve':
    case 'confirmRetrieve':
    case 'claimPickup':
      if (result?.$case === 'park' || result?.$case === 'retrieved') {
        return { $case: 'retrieve', value: { park: result.value, revision } };
      }
      break;
    case 'parkOrRetrieve':
      if (result?.$case === 'park') {
        return { $case: 'parkOrRetrieve', value: { outcome: { $case: 'parked', value: result.value }, revision } };
      }
      if (result?.$case === 'retrieved') {
        return { $case: 'parkOrRetrieve', value: { outcome: { $case: 'retrieved', value: result.value }, revision } };
      }
      break;
    case 'release':
      if (result?.$case === 'park') return { $case: 'release', value: { park: result.value, revision } };
      break;
    case 'getSlot':
      if (result?.$case === 'slot') {
        return { $case: 'getSlot', value: { slot: result.value, fenced: answer.fenced } };
      }
      break;
  }
  throw new Error(`the owner answered ${command} with ${result?.$case ?? 'nothing'}`);
}
