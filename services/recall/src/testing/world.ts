import { ManualClock, type Random, SeededRandom } from '@parkade/clock';
import {
  type CallRef,
  Direction,
  MediaControl,
  type ParkRecord,
  type Policy,
  PresenceType,
  type RecallTerms,
} from '@parkade/proto';
import {
  DEFAULT_SYSTEM,
  parseGroup,
  parseLot,
  parseRingGroup,
  parseTenant,
  recallTerms,
  resolveRecall,
  type RingGroupSettings,
  type TenantView,
} from '@parkade/settings';
import { DeadlineAlarm, KeyedDeadlines } from '@parkade/timers';
import { MediaSimulator } from '../media/simulator.js';
import type { Branches } from '../run/branches.js';
import { type ParkEntry, PartitionRecalls } from '../run/partition-recalls.js';
import { Preparer } from '../run/preparer.js';
import { type Delay, ModelOwner } from './model-owner.js';

export const T0 = 1_800_000_000_000;

/** One recall process, as far as one partition goes. */
export interface Process {
  readonly recalls: PartitionRecalls;
  /** It does nothing any more: killed, or fenced. */
  kill(): void;
}

/** Everything recalls live in, in one place and under one clock. */
export class World {
  readonly clock = new ManualClock(T0);
  readonly random: Random;
  readonly owner: ModelOwner;
  readonly media: MediaSimulator;
  readonly defects: unknown[] = [];
  /** How late each attempt rang, ms. */
  readonly lateness: number[] = [];
  branches: Branches = { find: () => Promise.resolve(undefined) };
  #lot: unknown = { any_slot: true };
  #tenant: unknown = {};
  readonly #groups = new Map<string, RingGroupSettings>();
  #turns = 0;
  #epoch = 0;

  constructor(seed = 1, delay?: (random: Random) => Delay) {
    this.random = new SeededRandom(seed);
    this.owner = new ModelOwner(this.clock, delay?.(this.random));
    this.media = new MediaSimulator(this.clock);
  }

  setTenant(settings: unknown): void {
    this.#tenant = settings;
  }

  setLot(settings: unknown): void {
    this.#lot = settings;
  }

  setRingGroup(groupId: string, json: unknown): void {
    const checked = parseRingGroup(groupId, json);
    if (!checked.ok) throw new Error(checked.issues.map(({ path, message }) => `${path}: ${message}`).join());
    this.#groups.set(groupId, checked.value);
  }

  /** What a park keeps that a group has taken. */
  recallTerms(group: object): RecallTerms {
    const checked = parseGroup('g', { members: [{ extension: '2001' }], ...group });
    if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
    const view = this.#view('acme');
    return recallTerms(resolveRecall(view.lot('main'), view.settings, DEFAULT_SYSTEM, checked.value));
  }

  /** Starts a process that takes the partition up. */
  start(): Process {
    const keyed = new KeyedDeadlines<ParkEntry>();
    const deadlines = {
      get nextMs() {
        return keyed.nextMs;
      },
      advance: (nowMs: number, max: number) => keyed.advance(nowMs, (entry) => entry.partition.due(entry), max),
    };
    const alarm = new DeadlineAlarm(deadlines, this.clock);
    let alive = true;
    const recalls = new PartitionRecalls(0, ++this.#epoch, {
      clock: this.clock,
      random: this.random,
      owner: this.owner,
      media: this.media,
      preparer: new Preparer({
        settings: { tenant: (tenantId) => this.#view(tenantId), system: DEFAULT_SYSTEM },
        media: this.media,
        turns: { next: () => Promise.resolve(this.#turns++) },
        random: this.random,
        contactsTimeoutMs: 1_000,
      }),
      branches: this.branches,
      deadlines: keyed,
      rearm: () => alarm.changed(),
      owned: () => alive,
      onDefect: (error) => this.defects.push(error),
      onRing: (lateMs) => this.lateness.push(lateMs),
    });
    const parks = new Map<string, readonly string[]>();
    const unfollow = this.owner.follow((record, revision) => {
      const slot = record.name?.slot ?? '';
      recalls.record(record, revision, parks.get(slot) ?? []);
      parks.set(
        slot,
        record.parks.map(({ parkId }) => parkId),
      );
    });
    const unlisten = this.media.onLeg((legId, news) => {
      if (alive) recalls.legNews(legId, news);
    });
    const kill = (): void => {
      alive = false;
      unfollow();
      unlisten();
      alarm.close();
      recalls.close();
    };
    return { recalls, kill };
  }

  /** Parks a call now. */
  park(parkId: string, options: Partial<ParkOptions> = {}): void {
    const { slot, lotId, callId, parker, policy, clusterMedia } = { ...DEFAULTS, callId: `call-${parkId}`, ...options };
    const nowMs = this.clock.nowMs();
    const full: Policy = { ...POLICY, ...policy };
    const park: ParkRecord = {
      parkId,
      call: callRef(callId, options.callerName, options.callerNumber),
      parker: parker === '' ? undefined : { userId: '', deviceId: '', extension: parker },
      note: '',
      parkedAtMs: nowMs,
      policy: full,
      mediaControl: clusterMedia ? MediaControl.CLUSTER : MediaControl.CALLER,
      recallAttempt: 0,
      state: {
        $case: 'parked',
        value: { recallAtMs: full.ringbackTimeoutMs === 0 ? 0 : nowMs + full.ringbackTimeoutMs },
      },
      previousParkId: '',
    };
    this.owner.park({ tenantId: 'acme', lotId, slot }, park);
  }

  #view(tenantId: string): TenantView {
    const tenant = parseTenant(this.#tenant);
    if (!tenant.ok) throw new Error(JSON.stringify(tenant.issues));
    return {
      tenantId,
      settings: tenant.value,
      quotas: undefined,
      lot: (lotId) => {
        const lot = parseLot(lotId, lotId.startsWith('_') ? {} : this.#lot);
        return lot.ok ? lot.value : undefined;
      },
      group: () => undefined,
      ringGroup: (groupId) => this.#groups.get(groupId),
      lots: () => [],
      groups: () => [],
      ringGroups: () => [...this.#groups.values()],
    };
  }
}

export interface ParkOptions {
  readonly slot: string;
  readonly lotId: string;
  readonly callId: string;
  readonly callerName: string;
  readonly callerNumber: string;
  /** The parker's extension; empty: not known. */
  readonly parker: string;
  readonly policy: Partial<Policy>;
  readonly clusterMedia: boolean;
}

const DEFAULTS = { slot: '701', lotId: 'main', parker: '1001', policy: {}, clusterMedia: true };

const POLICY: Policy = {
  ringbackTimeoutMs: 120_000,
  callbackTimeoutMs: 30_000,
  presenceType: PresenceType.EARLY,
  presenceId: '*3701',
  maxParkMs: 0,
  settingsRevision: 1,
};

export function callRef(callId: string, callerName = 'Bob', callerNumber = '555'): CallRef {
  return { mediaNode: 'm1', callId, callerName, callerNumber, direction: Direction.INBOUND, sipCallId: '' };
}
