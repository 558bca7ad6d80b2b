// A parked call leaves its park for good: for a number of the dial plan, or because its time is over. Whoever asks for it has read the slot,
// and may be late: the request waited in a process that hung, or another process has asked as well.
//   V1. A call that is in another park by now is let alone.
//   V2. A call that was handed over for a park is not handed over for it again, and not ended.
//   V3. A call that talks with somebody is let alone.
//   V4. A call that somebody is fetching is not handed over: he was first (R2).
import type { EslHeaders } from '@parkade/esl';
import { ParkState } from '@parkade/proto';
import { LEFT_VARIABLE, markOf, NO_MARK } from '../switch/park-mark.js';
import { standingOf } from '../switch/standing.js';
import type { NodeContext } from './context.js';
import { parkNow } from './park-look.js';

/** Which call leaves which park; the park empty: whichever it is in. */
export interface Leaving {
  readonly callId: string;
  readonly parkId: string;
}

/** `not-held`: it is somewhere else; `gone`: it has ended; `failed`: the switch refused; `unknown`: ask again. */
export type HandedOver = 'done' | 'not-held' | 'gone' | 'failed' | 'unknown';

/** Hands a parked call over to a number of the dial plan; `dialContext` empty: the call's own. */
export async function handOver(
  context: NodeContext,
  leaving: Leaving,
  destination: string,
  dialContext: string,
): Promise<HandedOver> {
  const { sw, parked } = context;
  const { callId, parkId } = leaving;
  const held = await heldFor(context, leaving);
  if (typeof held === 'string') return held;
  const tenantId = markOf(held)?.tenantId;
  const park = tenantId === undefined || parkId === '' ? 'none' : await parkNow(context, { tenantId, parkId });
  if (park === 'unknown') return park;
  if (park !== 'none' && park.state === ParkState.RETRIEVING) return 'not-held';
  // A leg that was parked goes through no XML dial plan any more, unless it is told to.
  const where = dialContext === '' ? (held.get('Caller-Context') ?? '') : dialContext;
  const outcome = await sw.transfer(callId, destination, where);
  if (outcome === 'done') {
    parked.leave(callId);
    await sw.setVariables(callId, { ...NO_MARK, [LEFT_VARIABLE]: parkId });
  }
  return outcome;
}

/** Ends a call that was parked; `unknown`: ask again. */
export async function endParked(context: NodeContext, leaving: Leaving): Promise<'done' | 'unknown'> {
  const held = await heldFor(context, leaving);
  if (held === 'unknown') return held;
  if (typeof held === 'string') return 'done';
  const { sw } = context;
  const isGone = (await sw.kill(leaving.callId, 'NORMAL_CLEARING')) || (await sw.exists(leaving.callId)) === false;
  return isGone ? 'done' : 'unknown';
}

/** What the switch shows of a call that waits for nobody but its park (V1 to V3); else why it is let alone. */
async function heldFor(
  context: NodeContext,
  { callId, parkId }: Leaving,
): Promise<EslHeaders | 'not-held' | 'gone' | 'unknown'> {
  const found = await context.sw.look(callId);
  if (found.kind !== 'leg') return found.kind;
  const { headers } = found;
  if (standingOf(headers) !== 'waiting') return 'not-held';
  if (parkId === '') return headers;
  if (headers.get(`variable_${LEFT_VARIABLE}`) === parkId) return 'not-held';
  const mark = markOf(headers);
  if (mark === undefined || mark.parkId === parkId) return headers;
  // It is in the park that it is marked with, or was moved out of it and nobody has marked it since.
  const other = await parkNow(context, mark);
  if (other === 'unknown') return 'unknown';
  return other !== 'none' && other.call?.callId === callId ? 'not-held' : headers;
}
