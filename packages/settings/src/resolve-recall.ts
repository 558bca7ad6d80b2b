import { EXTENSION_LOT, HOLDING_LOT } from '@parkade/ids';
import type { GroupSettings } from './group-settings.js';
import type { LotSettings } from './lot-settings.js';
import type { RecallExit, RecallSettings, RecallTo } from './recall-settings.js';
import type { SystemSettings } from './system-settings.js';
import type { TenantSettings } from './tenant-settings.js';

/** How long after a failed recall the park server's modes ring again, in ms. */
const PARK_SERVER_RETRY_MS = 10_000;

/** How long after a failed recall a call of the holding lot rings its parker again, in ms. */
const HOLDING_RETRY_MS = 30_000;

/** How long the parker is rung before a ring group, and the ring group, where nobody says otherwise, in ms. */
export const DEFAULT_GROUP_TIME_MS = 300_000;

/** What a ringing phone shows as the caller's name where nobody says otherwise. */
export const DEFAULT_CALLER_ID = 'Parking slot {slot} - {name}';

/** What holds for a park's recalls. Times in ms. */
export interface RecallPolicy {
  readonly recallTo: RecallTo;
  /** Present with the two ring-group modes. */
  readonly ringGroupId: string | undefined;
  readonly ringGroupTimeMs: number;
  /** From a failed recall to the next; 0: the time the call was parked for, again. */
  readonly retryIntervalMs: number;
  /** 0: no bound. */
  readonly attempts: number;
  readonly fallback: RecallExit;
  readonly callerId: string;
  readonly alertInfo: string;
  readonly followForwarding: boolean;
  /** Whether the parker is rung as soon as the call is parked: the holding lot, whose calls have no slot. */
  readonly ringAtOnce: boolean;
}

const NOTHING: RecallSettings = {};

/**
 * The recall policy of a lot's parks: each value by itself from group (of a park placed by its hunt; a group says whom to ring and
 * nothing else), lot, tenant, system, else the default. Where nobody says
 * otherwise a call is rung back for ever, each time after the time it was parked for; at an extension, or with a `recall_to` that
 * somebody wrote, after 10 s (the park server's way), and in the holding lot after 30 s.
 */
export function resolveRecall(
  lot: LotSettings | undefined,
  tenant: Pick<TenantSettings, 'recall'> | undefined,
  system: SystemSettings,
  group?: Pick<GroupSettings, 'recall_to' | 'ring_group_id'>,
): RecallPolicy {
  const ofGroup: RecallSettings = { recall_to: group?.recall_to, ring_group_id: group?.ring_group_id };
  const levels = [ofGroup, lot?.recall ?? NOTHING, tenant?.recall ?? NOTHING, system.recall ?? NOTHING];
  const first = <K extends keyof RecallSettings>(key: K): RecallSettings[K] | undefined =>
    levels.find((level) => level[key] !== undefined)?.[key];
  const mode = levels.find((level) => level.recall_to !== undefined);
  const holding = lot?.lot_id === HOLDING_LOT;
  const parkServer = mode !== undefined || lot?.lot_id === EXTENSION_LOT;
  const usualRetryMs = holding ? HOLDING_RETRY_MS : parkServer ? PARK_SERVER_RETRY_MS : 0;
  return {
    recallTo: mode?.recall_to ?? 'USER_ONLY',
    ringGroupId: mode?.ring_group_id,
    ringGroupTimeMs: first('ring_group_time_ms') ?? DEFAULT_GROUP_TIME_MS,
    retryIntervalMs: first('retry_interval_ms') ?? usualRetryMs,
    attempts: first('attempts') ?? 0,
    fallback: first('fallback') ?? { to: 'wait' },
    callerId: first('caller_id') ?? DEFAULT_CALLER_ID,
    alertInfo: first('alert_info') ?? '',
    followForwarding: first('follow_forwarding') ?? false,
    ringAtOnce: holding,
  };
}
