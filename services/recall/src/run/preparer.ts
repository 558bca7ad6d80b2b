import type { Random } from '@parkade/clock';
import { type RecallPolicy, resolveRecall, type RingGroupSettings, type SettingsCache } from '@parkade/settings';
import {
  type Contacts,
  emptyPlan,
  groupExtensions,
  type Note,
  type ParkView,
  planGroup,
  planParker,
  type RingPlan,
  stageOf,
} from '../machine/index.js';
import type { MediaPort } from '../media/port.js';
import type { Turns } from './ring-cursors.js';

export interface PreparerDeps {
  readonly settings: Pick<SettingsCache, 'tenant' | 'system'>;
  readonly media: Pick<MediaPort, 'contacts'>;
  readonly turns: Turns;
  readonly random: Random;
  /** How long the contacts may take. */
  readonly contactsTimeoutMs: number;
}

export interface Prepared {
  readonly policy: RecallPolicy;
  readonly plan: RingPlan;
}

/** Finds out whom an attempt rings: settings, contacts, whose turn it is. Never rejects: what cannot be known is a plan that fails. */
export class Preparer {
  constructor(private readonly deps: PreparerDeps) {}

  /** `resume`: an attempt that rings already, whose group and order stay. */
  async prepare(park: ParkView, attempt: number, resume: Note | undefined): Promise<Prepared> {
    const { settings } = this.deps;
    const tenant = settings.tenant(park.tenantId);
    const policy = park.policy ?? resolveRecall(tenant?.lot(park.lotId), tenant?.settings, settings.system);
    const stage = stageOf(policy, park, attempt);
    const rung = resume === undefined ? stage : { ...stage, groupId: resume.groupId };
    const groupId = resume?.groupId ?? (stage.kind === 'group' ? stage.groupId : '');
    if (!park.clusterMedia) return { policy, plan: emptyPlan(groupId, stage.ringMs, undefined) };
    try {
      if (groupId === '') return { policy, plan: await this.#parker(park, attempt, rung.ringMs) };
      const groups = (id: string): RingGroupSettings | undefined => tenant?.ringGroup(id);
      return { policy, plan: await this.#group(park, attempt, groupId, groups, stage.ringMs, resume?.order) };
    } catch {
      return { policy, plan: emptyPlan(groupId, stage.ringMs, 'unreachable') };
    }
  }

  async #parker(park: ParkView, attempt: number, ringMs: number): Promise<RingPlan> {
    const { media, contactsTimeoutMs } = this.deps;
    const { userId = '', extension = '' } = park.parker ?? {};
    const member = userId === '' ? extension : userId;
    if (member === '') return emptyPlan('', ringMs, 'no-parker');
    const found = await media.contacts({ tenantId: park.tenantId, userId, extension }, contactsTimeoutMs);
    return planParker(park.parkId, attempt, member, found, ringMs);
  }

  async #group(
    park: ParkView,
    attempt: number,
    groupId: string,
    groups: (groupId: string) => RingGroupSettings | undefined,
    ringMs: number,
    known: number | undefined,
  ): Promise<RingPlan> {
    const { media, contactsTimeoutMs } = this.deps;
    const { parkId, tenantId } = park;
    const extensions = groupExtensions(groupId, groups);
    const [order, found] = await Promise.all([
      known ?? this.#order(tenantId, groups(groupId)),
      Promise.allSettled(
        extensions.map((extension) => media.contacts({ tenantId, userId: '', extension }, contactsTimeoutMs)),
      ),
    ]);
    const contacts = new Map<string, Contacts>();
    for (const [i, extension] of extensions.entries()) {
      const result = found[i];
      if (result?.status === 'fulfilled') contacts.set(extension, result.value);
    }
    if (contacts.size === 0 && extensions.length > 0) return emptyPlan(groupId, ringMs, 'unreachable');
    return planGroup({ parkId, attempt, groupId, groups, contacts, order, ringMs });
  }

  /** Nested groups take the same number: whose turn it is among their own members. */
  #order(tenantId: string, group: RingGroupSettings | undefined): Promise<number> | number {
    if (group?.strategy === 'random') return Math.floor(this.deps.random.next() * 2 ** 31);
    return group?.strategy === 'round_robin' ? this.deps.turns.next(tenantId, group.ring_group_id) : 0;
  }
}
