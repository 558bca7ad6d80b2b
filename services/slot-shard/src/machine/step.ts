import type { SlotRecord } from '@parkade/proto';
import { complete, park, reserve } from './arrive.js';
import { claimPickup } from './claim.js';
import { extend } from './extend.js';
import { dropHold, holdForMove, moveIn, moveOut } from './move.js';
import { emptyRecord } from './parks.js';
import { beginRecall, endRecall, noteRecall } from './recall.js';
import { renew } from './renew.js';
import { release } from './release.js';
import { beginRetrieve, confirmRetrieve, giveBack, retrieve } from './retrieve.js';
import { tick } from './tick.js';
import type { SlotCommand, Step, StepContext } from './types.js';

// The slot machine.
//   M1.  A slot holds at most `capacity` parks; a hold for a move counts (R1).
//   M2.  No call is in two parks of a slot, and no call retrieves from the slot it is parked in.
//   M3.  A park leaves once, to at most one retriever, and only to the one whose attempt is under way (R2).
//   M4.  What is applied carries exactly one transition, about the park it answers with; a refusal changes nothing.
//   M5.  The document version rises with every change, also when the clock goes back (R19).
//   M6.  A park id is never given to a second stay while its first is remembered (R4).
//   M7.  Given back, a park has the time left that it had when the retrieve began (R3).
//   M8.  A park that was given back can be retrieved at once (R3).
//   M9.  At most 8 ended parks are remembered, the youngest; so a record is bounded by its capacity.
//   M10. A tick changes nothing before its time; as many ticks as there are parks settle all that is overdue.
//   M11. The id of a lamp that was lit is lit still, or named by the transition that put it out (R19).
//   M12. A pickup is claimed once at most, by the secret of the attempt under way, in its time and between its two media nodes;
//        claimed, its attempt is ended by whoever claimed it, or by the time of an attempt that the client drives.
//   M13. No record, park or command is changed in place.

/**
 * What becomes of a slot when a command comes: pure, and total over every record and command. `record` undefined: the slot was
 * never used, or its tombstone is gone. Times are wall-clock ms.
 */
export function step(record: SlotRecord | undefined, command: SlotCommand, ctx: StepContext): Step {
  const slot = record ?? emptyRecord(ctx.name);
  switch (command.kind) {
    case 'park':
      return park(slot, command, ctx);
    case 'reserve':
      return reserve(slot, command, ctx);
    case 'complete':
      return complete(slot, command, ctx);
    case 'begin-retrieve':
      return beginRetrieve(slot, command, ctx);
    case 'claim-pickup':
      return claimPickup(slot, command, ctx);
    case 'confirm-retrieve':
      return confirmRetrieve(slot, command, ctx);
    case 'give-back':
      return giveBack(slot, command, ctx);
    case 'retrieve':
      return retrieve(slot, command, ctx);
    case 'release':
      return release(slot, command, ctx);
    case 'extend':
      return extend(slot, command, ctx);
    case 'renew':
      return renew(slot, command, ctx);
    case 'move-out':
      return moveOut(slot, command, ctx);
    case 'move-in':
      return moveIn(slot, command, ctx);
    case 'hold-for-move':
      return holdForMove(slot, command, ctx);
    case 'drop-hold':
      return dropHold(slot, command.moveId, ctx);
    case 'begin-recall':
      return beginRecall(slot, command, ctx);
    case 'note-recall':
      return noteRecall(slot, command, ctx);
    case 'end-recall':
      return endRecall(slot, command, ctx);
    case 'tick':
      return tick(slot, ctx);
  }
}
