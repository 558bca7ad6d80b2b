// Somebody fetches a parked call.
//   G1. Nobody else can have the call from BeginRetrieve on, and it is freed only when the two talk.
//   G2. However it fails, the caller is back in his slot with hold audio and the time he had left (R3).
//   G3. What became of a bridge is what the switch says; when it says nothing it is asked again. What nobody knows after all is
//       left as it is, and a reconciliation finds out soon (pickup-faults.test.ts).
import { type Actor, CallRef, MediaControl, type Park, Reason, RetrieveRequest } from '@parkade/proto';
import { sleep } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { toDuration } from '@parkade/rpc';
import { NO_MARK, RETRIEVE_VARIABLE } from '../switch/park-mark.js';
import { joinSurely } from './connecting.js';
import { holdAudio, idOf, type NodeContext, sayAndHangUp, type Visit } from './context.js';
import { sendToCall } from './delivering.js';
import type { FetchRequest } from './fetching.js';
import { givenBack, leftOpen } from './give-back.js';
import { newPickupSecret, type PickupSecret } from './pickup-number.js';
import { attemptStands } from './standing-attempt.js';
import { reserve } from './reserving.js';
import { retrieveFrom } from './targets.js';

/** A slot that is about to become free or taken is asked again so long. */
const SETTLE_MS = 3_000;
const ASK_AGAIN_MS = 250;
/**
 * What may be otherwise in a moment. REQUEST_ID_REUSED: the process that had the node before has begun this very attempt, with a
 * secret that nobody knows any more; the attempt is ended as soon as the node is reconciled.
 */
const SETTLES: ReadonlySet<Reason | undefined> = new Set([
  Reason.SLOT_RESERVED,
  Reason.SLOT_RETRIEVING,
  Reason.REQUEST_ID_REUSED,
]);

/** Nothing waits there; of a park that was named: not any more. */
const EMPTY: ReadonlySet<Reason> = new Set([
  Reason.SLOT_EMPTY,
  Reason.SLOT_NOT_FOUND,
  Reason.PARK_ENDED,
  Reason.PARK_NOT_FOUND,
]);

/** Fetches what waits where the code says; a code that also parks reserves the slot when it is free. */
export async function retrieve(visit: Visit): Promise<void> {
  const { arrival, sw, config } = visit;
  const begun = await beginFor(visit);
  const wish = visit.wish.kind;
  if (begun.kind === 'empty' && (wish === 'auto' || wish === 'auto-extension')) return reserve(visit);
  // Answered and waiting: a bridge with a leg that still rings would end both.
  const place = await sw.park(arrival, true);
  if (place === 'gone') {
    if (begun.kind === 'begun') await givenBack(visit, begun.park, 'retriever hung up');
    return;
  }
  // Nobody knows what the phone does. Where it stands in the dial plan still, it comes again; where it waits in park, it is told (G3).
  if (begun.kind === 'begun' && place === 'failed') {
    await givenBack(visit, begun.park, 'not connected');
    return visit.reconcileSoon();
  }
  if (begun.kind === 'begun') return connect(visit, begun);
  await sayAndHangUp(visit, arrival.legId, config.announcements[SAID[begun.kind]]);
}

/** An attempt to fetch a call, and with what the phone may come to it at another node. */
interface Attempt {
  readonly kind: 'begun';
  readonly park: Park;
  readonly revision: number;
  readonly secret: PickupSecret;
}

type Begun = Attempt | { readonly kind: 'empty' | 'busy' | 'failed' };

/** What a phone hears that has not got the call. */
const SAID = { empty: 'empty', busy: 'inUse', failed: 'failed' } as const;
/** What whoever rang it is told. */
const FETCHED = { empty: 'gone', busy: 'in-use', failed: 'failed' } as const;

/** What an attempt to fetch a call begins with. */
interface Wanted {
  readonly tenantId: string;
  readonly from: RetrieveRequest['from'];
  readonly retriever: CallRef;
  /** The id of the n-th request. */
  readonly requestId: (attempt: number) => string;
  /** Who asked for it through an API. */
  readonly by?: Actor | undefined;
}

function beginFor(visit: Visit): Promise<Begun> {
  const from = retrieveFrom(visit);
  if (from === undefined) return Promise.resolve({ kind: 'failed' });
  const { rule, arrival } = visit;
  const requestId = (attempt: number): string => idOf(visit, `begin-${attempt}`);
  return begin(visit, { tenantId: rule.tenantId, from, retriever: arrival.call, requestId });
}

async function begin(context: NodeContext, { tenantId, from, retriever, requestId, by }: Wanted): Promise<Begun> {
  const { api, clock, config, random } = context;
  const secret = newPickupSecret(random);
  const endMs = clock.monotonicMs() + SETTLE_MS;
  for (let attempt = 1; ; attempt++) {
    const request = RetrieveRequest.fromPartial({
      requestId: requestId(attempt),
      tenantId,
      from,
      retriever,
      mediaControl: MediaControl.CLUSTER,
      giveUpAfter: toDuration(config.limits.giveUpMs),
      pickupDigest: Buffer.from(secret.digest),
    });
    const answer = await api.beginRetrieve(request, by);
    if (answer.ok) {
      const { park, revision } = answer.value;
      return park === undefined ? { kind: 'failed' } : { kind: 'begun', park, revision, secret };
    }
    const { reason } = answer;
    if (!answer.known) leftOpen(context, 'nobody knows whether a retrieve has begun', { legId: retriever.callId });
    if (reason !== undefined && EMPTY.has(reason)) return { kind: 'empty' };
    if (!SETTLES.has(reason)) return { kind: 'failed' };
    if (clock.monotonicMs() > endMs) return { kind: 'busy' };
    await sleep(clock, ASK_AGAIN_MS);
  }
}

async function connect(visit: Visit, attempt: Attempt): Promise<void> {
  const { node, arrival, config } = visit;
  const { park } = attempt;
  if (park.call?.mediaNode === node) {
    await joinHere(visit, arrival.legId, attempt, idOf(visit, `confirm-${park.retrieveId}`));
    return;
  }
  if (await sendToCall(visit, park, attempt.secret)) return;
  if ((await givenBack(visit, park, 'not connected', true)) === 'claimed') return;
  return sayAndHangUp(visit, arrival.legId, config.announcements.failed);
}

/** What became of a phone that has come for a call; `unknown`: it is found out before long. */
export type FetchedInto = 'connected' | 'gone' | 'in-use' | 'failed' | 'unknown';

/** A phone of this node, answered and waiting, takes the call of a park at this node; where it does not, it is told and ends. */
export async function fetchInto(
  context: NodeContext,
  { legId, extension, park, by }: Pick<FetchRequest, 'legId' | 'extension' | 'by'> & { readonly park: Park },
): Promise<FetchedInto> {
  const { node, sw, clock, random, config } = context;
  const begun = await begin(context, {
    tenantId: park.tenantId,
    from: { $case: 'parkId', value: park.parkId },
    retriever: CallRef.fromPartial({ mediaNode: node, callId: legId, callerNumber: extension }),
    requestId: () => newRequestId(clock.nowMs(), random),
    by,
  });
  if (begun.kind === 'begun') {
    const joined = await joinHere(context, legId, begun, newRequestId(clock.nowMs(), random), by);
    if (joined === 'connected') await sw.setVariables(legId, { [RETRIEVE_VARIABLE]: '' });
    return joined;
  }
  await sayAndHangUp(context, legId, config.announcements[SAID[begun.kind]]);
  return FETCHED[begun.kind];
}

/** Joins a phone that waits with the call, both at this node, and sees to both where that fails. */
async function joinHere(
  context: NodeContext,
  takerId: string,
  { park, revision }: Attempt,
  confirmId: string,
  by?: Actor,
): Promise<FetchedInto> {
  const { parked, config } = context;
  const { tenantId, parkId } = park;
  const callId = park.call?.callId ?? '';
  const hold = (): Promise<void> => holdAudio(context, callId, park);
  const isHis = (): Promise<boolean> => attemptStands(context, park);
  // He has just been parked, answered; of the caller the events of this connection say whether he waits.
  const bothWait = parked.park(callId)?.parkId === parkId && !parked.talks(callId);
  const joined = await joinSurely(context, { takerId, callId, parkId, isHis, revision, bothWait }, hold);
  switch (joined) {
    case 'connected':
      await confirmed(context, takerId, park, confirmId, by);
      return 'connected';
    case 'caller-gone':
      parked.leave(callId);
      await parked.release(callId, { tenantId, parkId, reserved: false }, 'NORMAL_CLEARING');
      await sayAndHangUp(context, takerId, config.announcements.empty);
      return 'gone';
    case 'failed':
      await givenBack(context, park, 'not connected');
      await sayAndHangUp(context, takerId, config.announcements.failed);
      return 'failed';
    case 'unknown':
      leftOpen(context, 'nobody knows whether a call was fetched', { parkId });
      return 'unknown';
  }
}

/** They talk: the slot is freed, and the leg is no parked one any more. */
async function confirmed(
  context: NodeContext,
  takerId: string,
  park: Park,
  requestId: string,
  by: Actor | undefined,
): Promise<void> {
  const { api, parked, sw } = context;
  const { tenantId, parkId, retrieveId, call } = park;
  const callId = call?.callId ?? '';
  parked.leave(callId);
  await sw.setVariables(callId, NO_MARK);
  await sw.display(takerId, call?.callerName ?? '', call?.callerNumber ?? '');
  const answer = await api.confirmRetrieve({ requestId, tenantId, parkId, retrieveId }, by);
  if (!answer.ok) leftOpen(context, 'a fetched call could not be confirmed', { parkId, message: answer.message });
}
