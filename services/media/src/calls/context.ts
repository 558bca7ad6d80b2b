import type { Clock, Random } from '@parkade/clock';
import type { Parker } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { TenantView } from '@parkade/settings';
import type { MediaConfig } from '../config.js';
import { type Place, soundAt } from '../hold/hold-place.js';
import type { NodeAddresses } from '../nodes/node-addresses.js';
import type { Pages } from '../paging/pages.js';
import type { NodeSwitch } from '../switch/node-switch.js';
import { markOf } from '../switch/park-mark.js';
import { standingOf } from '../switch/standing.js';
import type { Arrival } from './arrival.js';
import type { Wish } from './feature-code.js';
import type { ParkApi } from './park-api.js';
import type { ParkedCalls } from './parked-calls.js';
import { requestIdFor } from './request-id.js';
import type { TenantRule } from './tenant-rules.js';

/** What everything that is done with the calls of one node uses. */
export interface NodeContext {
  readonly node: string;
  readonly sw: NodeSwitch;
  readonly api: ParkApi;
  readonly parked: ParkedCalls;
  readonly pages: Pages;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly config: Pick<
    MediaConfig,
    'tenants' | 'domains' | 'codes' | 'announcements' | 'limits' | 'sipProfile' | 'pickupContext'
  >;
  /** Where the nodes send each other phones, and come from. */
  readonly addresses: Pick<NodeAddresses, 'sipAddress' | 'nodesAt'>;
  /** A tenant's settings as they are now; undefined: nothing is stored of it. */
  readonly settingsOf: (tenantId: string) => TenantView | undefined;
  /** Where a tenant's prompt file is at the switch; undefined: it is not there. */
  readonly promptAt: (tenantId: string, promptFileId: string) => string | undefined;
  /** Nobody is rung for a park any more (R15). */
  readonly endRinging: (parkId: string) => void;
  /** The node is to be reconciled before long: something was left open. */
  readonly reconcileSoon: () => void;
  /** The park group an extension is in. */
  readonly groupOf: (tenantId: string, extension: string) => string | undefined;
}

/** One call that came to a code. */
export interface Visit extends NodeContext {
  readonly arrival: Arrival;
  readonly rule: TenantRule;
  readonly wish: Wish;
}

/** The request id of one thing that is done for this visit. */
export function idOf(visit: Visit, purpose: string): string {
  const { node, arrival, clock, random } = visit;
  return requestIdFor({ node, legId: arrival.legId, sinceMs: arrival.sinceMs }, purpose, clock, random);
}

/** The extension whose own slot is meant where a code names none. */
export function ownExtension({ arrival: { way } }: Visit): string {
  return way.kind === 'direct' ? way.user : way.parker.extension;
}

/** Who parks. */
export function parkerOf({ arrival: { way } }: Visit): Parker {
  return way.kind === 'direct' ? { userId: way.user, deviceId: '', extension: way.user } : way.parker;
}

/** Hold audio as the settings of the place say (default: where the call is parked), until something else is done with the leg. */
export async function holdAudio(context: NodeContext, legId: string, place?: Place): Promise<void> {
  const { parked, sw } = context;
  const sound = soundAt(context, place ?? parked.park(legId));
  if ((await sw.play(legId, sound)) || !parked.has(legId)) return;
  // Where nobody knows whether he hears it, the next reconciliation plays it again.
  parked.hearsNothing(legId);
  context.reconcileSoon();
}

/** As `holdAudio`, where it is not certain that the call waits still: one that is with somebody, or has left, is let alone. */
export async function holdIfWaiting(context: NodeContext, legId: string, place?: Place): Promise<void> {
  const { parked, sw, reconcileSoon } = context;
  const found = await sw.look(legId);
  if (found.kind === 'unknown') {
    parked.hearsNothing(legId);
    return reconcileSoon();
  }
  if (found.kind === 'gone' || standingOf(found.headers) !== 'waiting' || sw.joining.has(legId)) return;
  if (parked.has(legId) || markOf(found.headers) !== undefined) await holdAudio(context, legId, place);
}

/** Plays an announcement to its end, and hangs up. */
export async function sayAndHangUp(context: NodeContext, legId: string, sound: string): Promise<void> {
  const { sw, config } = context;
  if (!(await sw.playAndEnd(legId, sound, config.limits.announceMs))) await endLeg(context, legId, 'NORMAL_CLEARING');
}

/** Ends a leg; where nobody knows whether it has ended, it is seen to by the next reconciliation. */
export async function endLeg({ sw, reconcileSoon }: NodeContext, legId: string, cause: string): Promise<void> {
  if (!(await sw.kill(legId, cause)) && (await sw.exists(legId)) !== false) reconcileSoon();
}
