import type { BoardSlot } from '../wire.js';
import { callerOf } from './rows.js';

/** More changes than this at a time are told as a number, not one by one. */
const TOLD_ONE_BY_ONE = 3;

/** What changed in a slot, in words for somebody who does not see the board; undefined: nothing worth saying. */
export function changeText(before: BoardSlot | undefined, after: BoardSlot): string | undefined {
  const [was] = before?.parks ?? [];
  const [is] = after.parks;
  if (is === undefined) return was === undefined ? undefined : `${callerOf(was)} has left slot ${after.slot}.`;
  if (was?.parkId !== is.parkId) return `${callerOf(is)} is parked in slot ${after.slot}.`;
  if (was.state === is.state) return undefined;
  if (is.state === 'ringback')
    return `${callerOf(is)} in slot ${after.slot} comes back: ${is.parker || 'somebody'} is rung.`;
  if (is.state === 'parked' && was.state === 'ringback') return `${callerOf(is)} waits in slot ${after.slot} again.`;
  return undefined;
}

/** Several changes in words. */
export function changesText(texts: readonly string[]): string {
  return texts.length <= TOLD_ONE_BY_ONE ? texts.join(' ') : `${texts.length} changes on the board.`;
}
