// What a node really has is held against what the slots say.
//   X1. A slot is freed only when its call is proven gone: the slots are listed first, then the legs, then the one leg is
//       asked for; unknown counts as there.
//   X2. A retrieve that nobody drives any more ends as the switch shows it: see settle-retrieve.ts.
//   X3. A waiting leg that no slot knows goes back to whoever parked it, also one whose slot was freed by somebody else; one that
//       nobody has taken yet is taken; one that came to fetch a call, and does not any more, is told and ends; one that rings for
//       a park that is over stops.
import { type Park, MediaControl, ParkState, ReleaseCause } from '@parkade/proto';
import { HOLDING_LOT, newRequestId } from '@parkade/ids';
import { markOf, markVariables, PENDING_VARIABLE, RETRIEVE_VARIABLE } from '../switch/park-mark.js';
import type { NodeSwitch } from '../switch/node-switch.js';
import { standingOf } from '../switch/standing.js';
import type { EslHeaders } from '@parkade/esl';
import { endLeg, holdAudio, type NodeContext, sayAndHangUp } from './context.js';
import { endIfNobodyRings, endIfRungForNothing, unmarkTalking } from './left-behind.js';
import { isNoLot } from './park-api.js';
import { parkNow, parkOfCall } from './park-look.js';
import { ofPark } from './parked-calls.js';
import { type Drivers, endOwnAttempt, isDriven, isUndriven, overAtMs, settleRetrieve } from './settle-retrieve.js';

export interface ReconcileActions extends Drivers {
  take(legId: string): Promise<unknown>;
  /** Whether a leg called a code by which calls are fetched. */
  cameToFetch(legId: string, headers: EslHeaders): boolean;
  /** Whether nobody has been at a phone for a while that rings for who wants a call there. */
  readonly isNobodys: (legId: string) => boolean;
}

/** The largest page of slots that a gateway gives. */
const PAGE = 1_000;
/**
 * What a leg runs that may be waiting; a broadcast shows as its own application, and one that `uuid_park` has parked as what it ran
 * before: the pause of its dial plan.
 */
const WAITING = new Set(['park', 'playback', 'endless_playback', 'socket', 'sleep', 'set', '']);

/**
 * Never rejects; what cannot be asked now is asked the next time. Answers in how many ms an attempt to fetch a call is over
 * that somebody must end; undefined: there is none.
 */
export async function reconcile(context: NodeContext, actions: ReconcileActions): Promise<number | undefined> {
  const { sw, log, node } = context;
  const { parks, whole } = await parksAbout(context);
  const legs = await sw.legs();
  if (!whole || legs === undefined) log.warn('a node could not be reconciled whole', { node });
  if (legs === undefined) return undefined;
  const known = new Set<string>();
  for (const park of parks) {
    if (!isHere(park, node)) {
      await endOwnAttempt(context, park, actions);
      continue;
    }
    const legId = park.call?.callId ?? '';
    known.add(legId);
    if (actions.isBusy(legId)) continue;
    // Who is at an attempt to fetch it says what became of it: they may have talked.
    if (!legs.has(legId) && isDriven(park, actions)) continue;
    if (!legs.has(legId)) await freeIfGone(context, legId, park);
    else await keep(context, legId, park, actions);
  }
  for (const [legId, application] of legs) {
    if (!WAITING.has(application) || known.has(legId) || actions.isBusy(legId)) continue;
    if (context.parked.has(legId) && (!whole || !context.parked.isLeft(legId))) continue;
    await stray(context, legId, whole ? parks : undefined, actions);
  }
  const overMs = parks.reduce((first, park) => Math.min(first, overAtMs(park)), Infinity) - context.clock.nowMs();
  return overMs === Infinity ? undefined : Math.max(0, overMs);
}

type Lists = Pick<NodeContext, 'api' | 'config' | 'node'>;

/** The parks of this node's calls; undefined: not all could be listed. */
export async function parksOf(context: Lists): Promise<readonly Park[] | undefined> {
  const { parks, whole } = await parksAbout(context);
  return whole ? parks.filter((park) => isHere(park, context.node)) : undefined;
}

/**
 * The parks of this node's calls, and those of calls elsewhere that phones of this node are fetching, however many slots their tenants
 * use; not `whole`: there may be others.
 */
async function parksAbout({
  api,
  config,
  node,
}: Lists): Promise<{ readonly parks: readonly Park[]; readonly whole: boolean }> {
  const parks: Park[] = [];
  let whole = true;
  for (const tenantId of new Set(config.tenants.map((rule) => rule.tenantId))) {
    for (const lotId of ['', HOLDING_LOT]) {
      let pageToken = '';
      do {
        const page = await api.listSlots({ tenantId, lotId, states: [], pageSize: PAGE, pageToken });
        // A tenant or lot that is not there has no parks.
        if (!page.ok && isNoLot(page)) break;
        if (!page.ok) return { parks, whole: false };
        for (const slot of page.value.slots)
          parks.push(...slot.parks.filter((park) => isHere(park, node) || isFetchedFrom(park, node)));
        pageToken = page.value.nextPageToken;
      } while (pageToken !== '' && parks.length < config.limits.maxParks);
      whole &&= pageToken === '';
    }
  }
  return { parks, whole };
}

function isHere({ call, mediaControl }: Park, node: string): boolean {
  return call?.mediaNode === node && mediaControl === MediaControl.CLUSTER;
}

function isFetchedFrom({ state, retriever, mediaControl }: Park, node: string): boolean {
  const fetched = state === ParkState.RETRIEVING && mediaControl === MediaControl.CLUSTER;
  return fetched && retriever?.mediaNode === node;
}

/**
 * A leg that is gone has left its slot. A parker's own call that held one may have gone by the transfer itself: its slot is kept for the
 * caller to come, as where that was seen (V2 of `reserving`).
 */
async function freeIfGone({ sw, parked }: NodeContext, legId: string, park: Park): Promise<void> {
  if ((await sw.exists(legId)) !== false) return;
  const { tenantId, parkId } = park;
  const reserved = park.state === ParkState.RESERVED;
  parked.leave(legId);
  await parked.release(legId, { tenantId, parkId, reserved }, reserved ? 'ATTENDED_TRANSFER' : 'NORMAL_CLEARING');
}

/** The leg is there: it is watched, carries the mark of its park, and a retrieve that is over ends. */
async function keep(context: NodeContext, legId: string, park: Park, actions: ReconcileActions): Promise<void> {
  const { sw, parked } = context;
  const { tenantId, parkId, revision, state } = park;
  parked.hasSlot(legId);
  if (isUndriven(context, park, actions)) return settleRetrieve(context, legId, park, actions);
  if (parked.talks(legId) && state !== ParkState.RETRIEVING && !sw.joining.has(legId)) {
    await freeIfTaken(context, legId, park);
    return;
  }
  if (state === ParkState.PARKED && parked.takeSilence(legId)) {
    await sw.silence(legId);
    await holdAudio(context, legId, park);
  }
  if (parked.markedPark(legId)?.parkId === parkId) return;
  // What it did before this process watched it nobody has told.
  if (!parked.has(legId) && state === ParkState.PARKED && (await freeIfTaken(context, legId, park))) return;
  if (!parked.parked(legId, ofPark(park))) return;
  const mark = markVariables({ tenantId, parkId, revision, back: park.parker?.extension ?? '' });
  const isMarked = await sw.setVariables(legId, mark);
  parked.marked(legId, isMarked);
  if (!isMarked) context.reconcileSoon();
}

/**
 * A call that talks, in a slot that nobody is fetching it from: the slot is freed. Only where the slot is at the same revision
 * before and after it was seen to talk: what was listed, or seen, may be over by then. Whether there is nothing else to be done
 * with it now.
 */
async function freeIfTaken(context: NodeContext, legId: string, park: Park): Promise<boolean> {
  const { sw, api, parked, clock, random, log, reconcileSoon } = context;
  if (!(await isConnected(sw, legId))) return false;
  const before = await parkNow(context, park);
  if (before === 'none') parked.leave(legId);
  if (typeof before === 'string' || before.state === ParkState.RETRIEVING) return true;
  const does = await conversation(sw, legId);
  // Nobody is with it: the bridge that it was left in did not come about.
  if (does === 'alone' && (await sw.rescue(legId)) === 'parked') await holdAudio(context, legId, park);
  if (does !== 'talks') return does === 'unknown';
  const after = await parkNow(context, park);
  const isSame = typeof after !== 'string' && after.revision === before.revision && !sw.joining.has(legId);
  if (!isSame) {
    reconcileSoon();
    return true;
  }
  parked.leave(legId);
  const { tenantId, parkId } = park;
  log.warn('a call that talks stood in a slot still', { legId, parkId });
  const requestId = newRequestId(clock.nowMs(), random);
  await api.release({ requestId, tenantId, parkId, cause: ReleaseCause.RELEASED, callId: legId });
  return true;
}

async function isConnected(sw: NodeSwitch, legId: string): Promise<boolean> {
  const found = await sw.look(legId);
  return found.kind === 'leg' && standingOf(found.headers) === 'connected';
}

/** What a leg does that may talk; `alone`: it is in a conversation, and the other leg is gone. */
async function conversation(sw: NodeSwitch, legId: string): Promise<'talks' | 'alone' | 'waits' | 'unknown'> {
  const found = await sw.look(legId);
  if (found.kind !== 'leg') return 'unknown';
  if (standingOf(found.headers) !== 'connected') return 'waits';
  const there = await sw.exists(found.headers.get('Other-Leg-Unique-ID') ?? '');
  return there === undefined ? 'unknown' : there ? 'talks' : 'alone';
}

/** A leg that waits, and stands in no slot; where the slots are not known only one that nobody has taken yet is certain. */
async function stray(
  context: NodeContext,
  legId: string,
  parks: readonly Park[] | undefined,
  actions: ReconcileActions,
): Promise<void> {
  const { node, sw, parked, config, log } = context;
  const found = await sw.look(legId);
  if (found.kind !== 'leg') return;
  const standing = standingOf(found.headers);
  if (standing === 'ringing') {
    await endIfRungForNothing(context, legId, found.headers, parks);
    return endIfNobodyRings(context, legId, found.headers, actions.isNobodys);
  }
  if (standing === 'connected') return unmarkTalking(context, legId, found.headers, parks, actions);
  const mark = markOf(found.headers);
  if (mark === undefined) {
    const fetches = found.headers.get(`variable_${RETRIEVE_VARIABLE}`) ?? '';
    if (found.headers.get(`variable_${PENDING_VARIABLE}`) === 'true') await actions.take(legId);
    else if (fetches !== '' && parks?.some(({ retrieveId }) => retrieveId === fetches) === false) {
      log.info('a phone that fetches nothing any more', { legId });
      await endLeg(context, legId, 'NORMAL_CLEARING');
    } else if (actions.cameToFetch(legId, found.headers)) await endIfLeft(context, legId, found.headers, actions);
    return;
  }
  if (parks === undefined) return;
  const { tenantId, parkId, back } = mark;
  if ((await parkNow(context, mark)) !== 'none') return;
  // It may have been moved since the slots were read.
  if ((await parkOfCall(context, tenantId, { mediaNode: node, callId: legId })) !== 'none') return;
  // A parker's own call, whose reservation is over, has nobody to go back to.
  const reserved = parked.park(legId)?.reserved === true;
  if (!reserved && back === '') return;
  parked.leave(legId);
  log.info('a call without a slot goes back to its parker', { legId, parkId, back });
  if (reserved) return sayAndHangUp(context, legId, config.announcements.failed);
  await sw.transfer(legId, back, found.headers.get('Caller-Context') ?? '');
}

/**
 * A phone that was put into park to get a call, by a process that could not go on with it: where no slot knows of it, asked for
 * after it was seen, it waits for nothing.
 */
async function endIfLeft(
  context: NodeContext,
  legId: string,
  headers: EslHeaders,
  actions: ReconcileActions,
): Promise<void> {
  if (headers.get('variable_current_application') !== 'park') return;
  const { parks, whole } = await parksAbout(context);
  const isKnown = ({ call, retriever }: Park): boolean => call?.callId === legId || retriever?.callId === legId;
  if (!whole || parks.some(isKnown) || actions.isBusy(legId)) return;
  context.log.info('a phone that came for a call waits for nothing', { legId });
  await sayAndHangUp(context, legId, context.config.announcements.failed);
}
