// A parked call is joined with the leg of whoever takes it.
//   J1. Nobody is joined with a call that is not marked with the very park he was given; where it is marked with another one
//       (it was moved, and nobody has marked it since) the slot's owner is asked.
//   J2. One join is made at a time with a parked call; who asks meanwhile, be it once more for the same one, is to ask again.
//   J3. However a join fails, the parked call ends up in the switch's park with hold audio, or is known to be gone.
import type { EslHeaders } from '@parkade/esl';
import { markOf, PARK_VARIABLE, type ParkMark, readMark } from './park-mark.js';
import type { NodeSwitch } from './node-switch.js';
import { standingOf, talksWith } from './standing.js';

export type Joined = 'connected' | 'caller-gone' | 'failed' | 'unknown';

/** What a join is about. */
export interface Join {
  /** Who takes the call: an answered leg that waits. */
  readonly takerId: string;
  readonly callId: string;
  readonly parkId: string;
  /** Asks the slot's owner whether the call is this park's, and the taker's to have. */
  readonly isHis: (mark: ParkMark) => Promise<boolean>;
  /** The revision the taker was given; 0: any. */
  readonly revision: number;
  /** Events of this connection have told that both are answered and talk with nobody: then only the mark is asked for. */
  readonly bothWait: boolean;
}

/** Joins, and sees to the parked call where that fails. `hold` plays hold audio to it. */
export async function join(sw: NodeSwitch, about: Join, hold: () => Promise<void>): Promise<Joined> {
  if (sw.joining.has(about.callId)) return 'unknown';
  sw.joining.add(about.callId);
  try {
    return await joinAlone(sw, about, hold);
  } finally {
    sw.joining.delete(about.callId);
  }
}

async function joinAlone(sw: NodeSwitch, about: Join, hold: () => Promise<void>): Promise<Joined> {
  const { takerId, callId } = about;
  const isCertain = about.bothWait && isMarkedFor(await sw.variable(callId, PARK_VARIABLE), about);
  const found = isCertain ? 'fits' : await examine(sw, about);
  if (found !== 'fits') return found;
  if (await sw.bridge(takerId, callId)) return 'connected';
  return afterFailure(sw, callId, takerId, hold);
}

/** Whether the mark is of this very park, and not newer than what the taker was given. */
function isMarkedFor(value: string | undefined, { parkId, revision }: Join): boolean {
  const mark = readMark(value ?? '');
  return mark?.parkId === parkId && (revision === 0 || mark.revision <= revision);
}

/** Looks at both legs, whatever is known of them. */
async function examine(sw: NodeSwitch, { takerId, callId, parkId, isHis, revision }: Join): Promise<Joined | 'fits'> {
  const call = await sw.look(callId);
  if (call.kind !== 'leg') return call.kind === 'gone' ? 'caller-gone' : 'unknown';
  const already = await talk(sw, call.headers, takerId);
  if (already !== 'no') return already === 'yes' ? 'connected' : 'unknown';
  const mark = markOf(call.headers);
  if (mark?.parkId === parkId) {
    if (revision !== 0 && mark.revision > revision) return 'failed';
  } else if (mark === undefined || !(await isHis(mark))) return 'failed';
  if (standingOf(call.headers) === 'connected') return 'failed';
  const taker = await sw.look(takerId);
  if (taker.kind === 'unknown') return 'unknown';
  // A bridge with a leg that still rings would end both.
  if (taker.kind === 'gone' || standingOf(taker.headers) !== 'waiting') return 'failed';
  return 'fits';
}

/** The bridge was not told of in time, or a leg died at that instant: the facts decide. */
async function afterFailure(
  sw: NodeSwitch,
  callId: string,
  takerId: string,
  hold: () => Promise<void>,
): Promise<Joined> {
  const call = await sw.look(callId);
  if (call.kind !== 'leg') return call.kind === 'gone' ? 'caller-gone' : 'unknown';
  const already = await talk(sw, call.headers, takerId);
  if (already !== 'no') return already === 'yes' ? 'connected' : 'unknown';
  const rescued = await sw.rescue(callId);
  if (rescued === 'gone') return 'caller-gone';
  await hold();
  return 'failed';
}

/**
 * Whether a leg talks with another. A bridge whose first leg dies before it begins leaves the second one alone in a state of
 * conversation, so the other one has to be there.
 */
export async function talk(sw: NodeSwitch, headers: EslHeaders, other: string): Promise<'yes' | 'no' | 'unknown'> {
  if (!talksWith(headers, other)) return 'no';
  const there = await sw.exists(other);
  return there === undefined ? 'unknown' : there ? 'yes' : 'no';
}
