// The calls of one node that come to codes.
//   C1. A call is believed once the node itself knows it: nothing that an outbound connection says of it is used.
//   C2. Only a leg that stands in the `socket` application, or is marked as pending, or was recovered, is taken: nobody can
//       have somebody else's conversation parked by naming it.
//   C3. One thing is done with a leg at a time.
import { PENDING_VARIABLE, markOf } from '../switch/park-mark.js';
import { standingOf } from '../switch/standing.js';
import type { EslEvent, EslHeaders } from '@parkade/esl';
import { type Arrival, readArrival } from './arrival.js';
import { holdAudio, type NodeContext, turnWord, type Visit } from './context.js';
import { readCode } from './feature-code.js';
import { Identities } from './identities.js';
import { giveBack, parkTransferred } from './parking.js';
import { reconcile } from './reconcile.js';
import { reserve } from './reserving.js';
import { retrieve } from './retrieving.js';
import { ruleFor } from './tenant-rules.js';

export type Taken = 'taken' | 'unknown-call' | 'not-a-code' | 'no-tenant' | 'unknown';

export class NodeCalls {
  readonly #identities = new Identities();
  readonly #underWay = new Map<string, Promise<void>>();
  #draining = false;

  constructor(private readonly context: NodeContext) {}

  /** Calls that something is being done with. */
  get underWay(): number {
    return this.#underWay.size;
  }

  onEvent(event: EslEvent): void {
    this.#identities.onEvent(event);
    this.context.parked.onEvent(event);
  }

  /** Looks a call up at its node, and does what it wants; resolves when it is known what that is. */
  async take(legId: string): Promise<Taken> {
    if (this.#draining) return 'unknown';
    if (this.#underWay.has(legId)) return 'taken';
    const found = await this.context.sw.look(legId);
    if (found.kind !== 'leg') return found.kind === 'gone' ? 'unknown-call' : 'unknown';
    // Asked again: another connection may have brought the same call meanwhile.
    if (this.#underWay.has(legId)) return 'taken';
    const { headers } = found;
    if (!waitsForUs(headers)) return 'not-a-code';
    if (markOf(headers) !== undefined) {
      this.#do(legId, () => this.#readopt(legId, headers));
      return 'taken';
    }
    const arrival = readArrival(this.context.node, legId, headers, (leg) => this.#identities.get(leg));
    const rule = ruleFor(this.context.config.tenants, arrival.origin);
    if (rule === undefined) {
      this.#do(legId, () => this.#refuse(arrival));
      return 'no-tenant';
    }
    const wish = readCode(arrival.dialled, this.context.config.codes);
    if (wish === undefined) return 'not-a-code';
    this.#do(legId, () => serve({ ...this.context, arrival, rule, wish }));
    return 'taken';
  }

  /** Holds what the node has against what the slots say. */
  reconcile(): Promise<void> {
    return reconcile(this.context, {
      take: (legId) => this.take(legId),
      isBusy: (legId) => this.#underWay.has(legId),
    });
  }

  /** Takes nothing more, and resolves when everything under way is done. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all(this.#underWay.values());
  }

  undrain(): void {
    this.#draining = false;
  }

  #do(legId: string, task: () => Promise<void>): void {
    const done = task()
      .catch((error: unknown) => this.context.log.error('defect', { legId, error: String(error) }))
      .finally(() => this.#underWay.delete(legId));
    this.#underWay.set(legId, done);
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

  /** A parked leg that its crashed switch brought back: into park again, under the mark it has. */
  async #readopt(legId: string, headers: EslHeaders): Promise<void> {
    const { sw, parked, random } = this.context;
    const mark = markOf(headers);
    if (mark === undefined || !parked.watch(legId)) return;
    if ((await sw.park(legId, turnWord(random), false)) !== 'parked') return parked.leave(legId);
    await holdAudio(this.context, legId);
    parked.parked(legId, { tenantId: mark.tenantId, parkId: mark.parkId, reserved: false });
  }
}

function serve(visit: Visit): Promise<void> {
  if (visit.arrival.way.kind !== 'direct') return parkTransferred(visit);
  switch (visit.wish.kind) {
    case 'auto':
    case 'retrieve':
    case 'retrieve-extension':
      return retrieve(visit);
    case 'park-next':
    case 'park-extension':
    case 'park-group':
      return reserve(visit);
  }
}

function waitsForUs(headers: EslHeaders): boolean {
  if (standingOf(headers) === 'connected') return false;
  const application = headers.get('variable_current_application');
  const pending = headers.get(`variable_${PENDING_VARIABLE}`) === 'true';
  return application === 'socket' || pending;
}
