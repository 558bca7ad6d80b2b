// The calls of one node that come to codes.
//   C1. A call is believed once the node itself knows it: what its own event tells, or a look at the leg; nothing that an outbound
//       connection says of it is used.
//   C2. Only a leg that stands in the `socket` application, or is marked as pending, or was recovered, is taken: nobody can
//       have somebody else's conversation parked by naming it. A leg whose own event tells that it waits at a code does.
//   C3. One thing is done with a leg at a time. What the switch tells of it late, that was so before the leg was looked at, is passed
//       over: the leg may have talked with somebody since.
import type { Park } from '@parkade/proto';
import { markOf, type ParkMark, PENDING_VARIABLE } from '../switch/park-mark.js';
import { type SeenLeg, seenLeg } from '../switch/node-switch.js';
import { isArrival } from '../switch/subscription.js';
import { isLeaving, standingOf } from '../switch/standing.js';
import { isWord } from '../switch/values.js';
import type { EslEvent, EslHeaders } from '@parkade/esl';
import { codesOf } from '@parkade/settings';
import { Escapes } from '../escape/escapes.js';
import type { Occupant } from '../notices/notice-board.js';
import { type Arrival, readArrival } from './arrival.js';
import { holdAudio, type NodeContext, sayAndHangUp, type Visit } from './context.js';
import { readCode, type Wish } from './feature-code.js';
import { deliver, refusePickup } from './delivering.js';
import { Fetching } from './fetching.js';
import { Identities } from './identities.js';
import { giveBack, parkTransferred, settled } from './parking.js';
import { type Look, parkNow, parkOfCall } from './park-look.js';
import { isPickupNumber, readPickupNumber } from './pickup-number.js';
import { reconcile } from './reconcile.js';
import { reserve } from './reserving.js';
import { retrieve } from './retrieving.js';
import { ruleFor } from './tenant-rules.js';

/** `left`: the switch was told already where it goes, and has only to let it go. */
export type Taken = 'taken' | 'left' | 'unknown-call' | 'not-a-code' | 'no-tenant' | 'unknown';

/** What fetches a call, where there is one. */
const FETCHING: ReadonlySet<Wish['kind']> = new Set(['auto', 'retrieve', 'retrieve-extension', 'auto-extension']);

export class NodeCalls {
  readonly #identities = new Identities();
  readonly #underWay = new Map<string, Promise<void>>();
  /** The switch's count of events when a leg was last seen that something was done with; until it hangs up. */
  readonly #seenAt = new Map<string, number>();
  #draining = false;
  /** Parks that a phone of another node has come for. */
  readonly #delivering = new Set<string>();
  readonly #escapes: Escapes;
  /** Phones that are rung for parked calls. */
  readonly fetching: Fetching;

  constructor(private readonly context: NodeContext) {
    this.#escapes = new Escapes(context);
    this.fetching = new Fetching(context);
  }

  /** Calls that something is being done with. */
  get underWay(): number {
    return this.#underWay.size + this.fetching.size;
  }

  onEvent(event: EslEvent): void {
    this.#identities.onEvent(event);
    this.context.parked.onEvent(event);
    this.#escapes.onEvent(event);
    if (event.name === 'CHANNEL_HANGUP') this.#seenAt.delete(event.channelUuid ?? '');
    if (isArrival(event)) void this.#arrived(event.channelUuid ?? '', event.headers);
  }

  /** The node tells of a call that waits at a code. One that is not taken now goes on in its dial plan, which asks again. */
  async #arrived(legId: string, headers: EslHeaders): Promise<void> {
    const { node: mediaNode, log } = this.context;
    if (eventCount(headers) <= (this.#seenAt.get(legId) ?? -1)) return;
    const reason = await this.#takeSeen(legId, headers);
    if (reason !== 'taken') log.warn('a call was not taken', { mediaNode, callId: legId, reason });
  }

  /** Looks a call up at its node, and does what it wants; resolves when it is known what that is. */
  async take(legId: string): Promise<Taken> {
    if (this.#draining) return 'unknown';
    const found = await this.context.sw.look(legId);
    if (found.kind === 'leg' && isLeaving(found.headers)) return 'left';
    // Asked again: another connection may have brought the same call meanwhile.
    if (this.#underWay.has(legId)) return 'taken';
    if (found.kind !== 'leg') return found.kind === 'gone' ? 'unknown-call' : 'unknown';
    return waitsForUs(found.headers) ? this.#takeSeen(legId, found.headers) : 'not-a-code';
  }

  /** As `take`, for a leg that waits at a code. */
  async #takeSeen(legId: string, headers: EslHeaders): Promise<Taken> {
    if (this.#draining) return 'unknown';
    if (this.#underWay.has(legId)) return 'taken';
    const mark = markOf(headers);
    const stands = mark === undefined ? 'none' : await this.#stands(legId, mark);
    if (stands === 'unknown') return 'unknown';
    if (this.#underWay.has(legId)) return 'taken';
    if (stands !== 'none') {
      this.#do(legId, headers, () => this.#readopt(seenLeg(legId, headers), stands));
      return 'taken';
    }
    const dialled = headers.get('Caller-Destination-Number') ?? '';
    if (isPickupNumber(dialled)) {
      this.#do(legId, headers, () => this.#deliver(legId, dialled, headers));
      return 'taken';
    }
    const arrival = readArrival(this.context.node, legId, headers, (leg) => this.#identities.get(leg));
    const rule = ruleFor(this.context.config.tenants, arrival.origin);
    if (rule === undefined) {
      this.#do(legId, headers, () => this.#refuse(arrival));
      return 'no-tenant';
    }
    // A switch brings a call back as it was when it came to its code, and sends it there again: without our mark.
    const recovered =
      headers.get('variable_recovered') === 'true'
        ? await parkOfCall(this.context, rule.tenantId, { mediaNode: this.context.node, callId: legId })
        : 'none';
    if (recovered === 'unknown') return 'unknown';
    if (this.#underWay.has(legId)) return 'taken';
    if (recovered !== 'none') {
      this.#do(legId, headers, () => this.#readopt(seenLeg(legId, headers), recovered));
      return 'taken';
    }
    const wish = this.#wishOf(arrival, rule.tenantId);
    if (wish === undefined) {
      this.#do(legId, headers, () => refuseCode({ ...this.context, arrival, rule, wish: { kind: 'park-next' } }));
      return 'taken';
    }
    this.#do(legId, headers, () => serve({ ...this.context, arrival, rule, wish }));
    return 'taken';
  }

  /** Holds what the node has against what the slots say; answers in how many ms it has to again, at the latest. */
  reconcile(): Promise<number | undefined> {
    return reconcile(this.context, {
      take: (legId) => this.take(legId),
      cameToFetch: (legId, headers) => this.#cameToFetch(legId, headers),
      isBusy: (legId) => this.#underWay.has(legId) || this.fetching.has(legId) || this.#escapes.has(legId),
      isNobodys: (legId) => this.fetching.isNobodys(legId),
      isDelivering: (parkId) => this.#delivering.has(parkId),
    });
  }

  /** A slot is told to be free that a call was in: where the call is still parked here, nobody has taken it out. */
  slotFreed({ callId, parkId }: Pick<Occupant, 'callId' | 'parkId'>): void {
    const { parked, reconcileSoon } = this.context;
    if (parked.park(callId)?.parkId !== parkId) return;
    parked.isLeft(callId);
    reconcileSoon();
  }

  /** Events come from another connection from now on, of a switch that may count them anew. */
  onUp(): void {
    this.#seenAt.clear();
  }

  /** Takes nothing more, and resolves when everything under way is done. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all([...this.#underWay.values(), this.#escapes.idle()]);
  }

  undrain(): void {
    this.#draining = false;
  }

  #do(legId: string, headers: EslHeaders, task: () => Promise<void>): void {
    this.#sees(legId, headers);
    const done = task()
      .catch((error: unknown) => this.context.log.error('defect', { legId, error: String(error) }))
      .finally(() => this.#underWay.delete(legId));
    this.#underWay.set(legId, done);
  }

  #sees(legId: string, headers: EslHeaders): void {
    this.#seenAt.delete(legId);
    this.#seenAt.set(legId, eventCount(headers));
    // Of who hung up while the connection was away nobody tells: the oldest are forgotten.
    const [oldest] = this.#seenAt.keys();
    if (oldest !== undefined && this.#seenAt.size > this.context.config.limits.maxCalls) this.#seenAt.delete(oldest);
  }

  /** What the code says that a call came to. */
  #wishOf({ dialled }: Arrival, tenantId: string): Wish | undefined {
    const settings = this.context.settingsOf(tenantId)?.settings;
    return readCode(dialled, codesOf(settings?.codes, this.context.config.codes), settings?.extension_number);
  }

  #cameToFetch(legId: string, headers: EslHeaders): boolean {
    const arrival = readArrival(this.context.node, legId, headers, (leg) => this.#identities.get(leg));
    const rule = arrival.way.kind === 'direct' ? ruleFor(this.context.config.tenants, arrival.origin) : undefined;
    const wish = rule === undefined ? undefined : this.#wishOf(arrival, rule.tenantId);
    return wish !== undefined && FETCHING.has(wish.kind);
  }

  /** Nobody's call: refused, and a caller who was transferred goes back. */
  async #refuse(arrival: Arrival): Promise<void> {
    const { sw, log } = this.context;
    log.warn('refused: no rule says whose call this is', { ...arrival.origin, legId: arrival.legId });
    const visit: Visit = { ...this.context, arrival, rule: { tenantId: '' }, wish: { kind: 'park-next' } };
    if (arrival.way.kind === 'direct' || arrival.way.parker.extension === '')
      await sw.kill(arrival.legId, 'CALL_REJECTED');
    else await giveBack(visit, 'no tenant');
  }

  /** A leg of another node. Its number is never logged. */
  async #deliver(legId: string, dialled: string, headers: EslHeaders): Promise<void> {
    const number = readPickupNumber(dialled);
    if (number === undefined) return refusePickup(this.context, legId, 'not a number of ours');
    this.#delivering.add(number.parkId);
    try {
      await deliver(this.context, legId, number, headers);
    } finally {
      this.#delivering.delete(number.parkId);
    }
  }

  /** The park a leg is marked with, where it is its call; an old mark may be left on one. */
  async #stands(legId: string, mark: ParkMark): Promise<Look> {
    const park = await parkNow(this.context, mark);
    return typeof park === 'string' || park.call?.callId === legId ? park : 'none';
  }

  /** A parked leg that its crashed switch brought back: into park again, and marked. */
  async #readopt(leg: SeenLeg, park: Park): Promise<void> {
    const { sw, parked } = this.context;
    const { legId } = leg;
    if (!parked.watch(legId)) return;
    if ((await sw.park(leg, false)) !== 'parked') return parked.leave(legId);
    await holdAudio(this.context, legId, park);
    await settled(this.context, legId, park, park.revision);
  }
}

/** The dial plan sends a number here that is no code of the tenant's: said, or given back to whoever transferred the call. */
async function refuseCode(visit: Visit): Promise<void> {
  const { arrival, sw, config, log } = visit;
  const { legId, dialled, way } = arrival;
  log.info('refused: no code of the tenant', { legId, dialled: isWord(dialled) ? dialled : '' });
  if (way.kind !== 'direct') return giveBack(visit, 'no code');
  if ((await sw.park(arrival, true)) === 'parked') {
    await sayAndHangUp(visit, legId, config.announcements.failed);
  }
}

function serve(visit: Visit): Promise<void> {
  if (visit.arrival.way.kind !== 'direct') return parkTransferred(visit);
  switch (visit.wish.kind) {
    case 'auto':
    case 'retrieve':
    case 'retrieve-extension':
    case 'auto-extension':
      return retrieve(visit);
    case 'park-next':
    case 'park-extension':
    case 'park-group':
      return reserve(visit);
  }
}

/** The switch's count of events when it told this. */
function eventCount(headers: EslHeaders): number {
  return Number(headers.get('Event-Sequence') ?? NaN);
}

function waitsForUs(headers: EslHeaders): boolean {
  if (standingOf(headers) === 'connected') return false;
  // What a leg ran last stays on it in park; there it runs nothing.
  const runs = headers.get('Channel-State') === 'CS_EXECUTE' ? headers.get('variable_current_application') : undefined;
  return runs === 'socket' || headers.get(`variable_${PENDING_VARIABLE}`) === 'true';
}
