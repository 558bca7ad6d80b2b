import { type Duration, type PolicyOverrides, PresenceType } from '@parkade/proto';
import { type DurationKind, durationFault } from '../durations.js';
import type { Checked, Issue } from '../issues.js';
import { isPresenceId, type PresenceTypeName } from '../policy-settings.js';
import type { FlowOverrides } from '../resolve.js';

const PRESENCE: ReadonlyMap<PresenceType, PresenceTypeName | undefined> = new Map([
  [PresenceType.UNSPECIFIED, undefined],
  [PresenceType.EARLY, 'early'],
  [PresenceType.CONFIRMED, 'confirmed'],
  [PresenceType.TERMINATED, 'terminated'],
]);

const NONE: Checked<FlowOverrides> = { ok: true, value: {} };

/** The overrides of a request; paths of issues are the request's fields, `overrides.ringback_timeout`. */
export function readOverrides(overrides: PolicyOverrides | undefined): Checked<FlowOverrides> {
  if (overrides === undefined) return NONE;
  const issues: Issue[] = [];
  const duration = (field: string, kind: DurationKind, value: Duration | undefined): number | undefined => {
    if (value === undefined) return undefined;
    const ms = value.seconds * 1000 + value.nanos / 1_000_000;
    const message = durationFault(ms, kind);
    if (message !== undefined) issues.push({ path: `overrides.${field}`, message });
    return ms;
  };
  const ringbackTimeoutMs = duration('ringback_timeout', 'wait', overrides.ringbackTimeout);
  const callbackTimeoutMs = duration('callback_timeout', 'ring', overrides.callbackTimeout);
  const maxParkMs = duration('max_park', 'wait', overrides.maxPark);
  if (!PRESENCE.has(overrides.presenceType)) {
    issues.push({ path: 'overrides.presence_type', message: 'must be a known presence type' });
  }
  const presenceId = overrides.presenceId === '' ? undefined : overrides.presenceId;
  if (presenceId !== undefined && !isPresenceId(presenceId)) {
    const message = 'must be 1 to 128 printable ASCII characters without blanks';
    issues.push({ path: 'overrides.presence_id', message });
  }
  if (issues.length > 0) return { ok: false, issues };
  const presenceType = PRESENCE.get(overrides.presenceType);
  return { ok: true, value: { ringbackTimeoutMs, callbackTimeoutMs, presenceType, presenceId, maxParkMs } };
}
