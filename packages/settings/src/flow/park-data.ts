import { isName } from '@parkade/ids';
import { type Checked, formatPath, type Issue } from '../issues.js';
import type { FlowOverrides } from '../resolve.js';
import { FieldReader, isObject } from './field-reader.js';

export const PARK_ACTIONS = ['park', 'direct_park', 'retrieve', 'auto'] as const;
export type ParkAction = (typeof PARK_ACTIONS)[number];

/** A flow document has at most this many entries in `slots`. */
export const MAX_FLOW_SLOTS = 2_000;

/** The `data` object of a call flow's `park` action. */
export interface ParkData {
  readonly action: ParkAction;
  /** The static slot; undefined: the captured digits. */
  readonly slot: string | undefined;
  readonly maxSlotNumber: number | undefined;
  readonly skipModule: boolean;
  /** Whether configured presence ids are used at all; else every slot has its canonical one. */
  readonly customPresenceId: boolean;
  /** The flow's own values (`default_…`, `presence_id`). */
  readonly defaults: FlowOverrides;
  /** The values of single slots. */
  readonly slots: ReadonlyMap<string, FlowOverrides>;
  /** Paths of keys that are none of ours: not refused, as the caller on the line would pay for it, but worth a log line. */
  readonly ignored: readonly string[];
}

/** Three spellings of one setting, all still written. */
const PRESENCE_TYPE_KEYS = ['default_presence_type', 'parked_presence_type', 'park_presence_type'] as const;

/**
 * Reads the `data` object. Numbers may come as decimal strings and booleans as "true" and "false"; timeouts are in ms, 0
 * never, 1 to 999 refused. Every fault is reported, each with its path in the object.
 */
export function parseParkData(json: unknown): Checked<ParkData> {
  if (!isObject(json)) return { ok: false, issues: [{ path: '', message: 'must be an object' }] };
  const issues: Issue[] = [];
  const ignored: string[] = [];
  const reader = new FieldReader(json, [], issues);
  const data: ParkData = {
    action: reader.oneOf('action', PARK_ACTIONS) ?? 'park',
    slot: reader.name('slot'),
    maxSlotNumber: reader.count('max_slot_number'),
    skipModule: reader.flag('skip_module') ?? false,
    customPresenceId: reader.flag('custom_presence_id') ?? false,
    defaults: {
      ringbackTimeoutMs: reader.duration('default_ringback_timeout', 'wait'),
      callbackTimeoutMs: reader.duration('default_callback_timeout', 'ring'),
      presenceType: reader.presenceType(PRESENCE_TYPE_KEYS),
      presenceId: reader.presenceId('presence_id'),
    },
    slots: readSlots(reader.take('slots'), issues, ignored),
    ignored,
  };
  ignored.push(...reader.rest());
  return issues.length > 0 ? { ok: false, issues } : { ok: true, value: data };
}

/** What the flow says for one slot, as `resolvePolicy` takes it: presence ids count only with `custom_presence_id`. */
export function flowLevels(
  data: ParkData,
  slotId: string,
): { readonly slot: FlowOverrides | undefined; readonly flow: FlowOverrides } {
  const slot = data.slots.get(slotId);
  if (data.customPresenceId) return { slot, flow: data.defaults };
  return {
    slot: slot === undefined ? undefined : { ...slot, presenceId: undefined },
    flow: { ...data.defaults, presenceId: undefined },
  };
}

function readSlots(json: unknown, issues: Issue[], ignored: string[]): ReadonlyMap<string, FlowOverrides> {
  const slots = new Map<string, FlowOverrides>();
  if (json === undefined || json === null) return slots;
  if (!isObject(json)) {
    issues.push({ path: 'slots', message: 'must be an object' });
    return slots;
  }
  const entries = Object.entries(json);
  if (entries.length > MAX_FLOW_SLOTS) {
    issues.push({ path: 'slots', message: `at most ${MAX_FLOW_SLOTS} entries` });
    return slots;
  }
  for (const [slotId, entry] of entries) {
    const path = ['slots', slotId];
    if (!isName(slotId)) issues.push({ path: formatPath(path), message: 'is not a slot id' });
    else if (!isObject(entry)) issues.push({ path: formatPath(path), message: 'must be an object' });
    else slots.set(slotId, readSlot(new FieldReader(entry, path, issues), ignored));
  }
  return slots;
}

/** The `default_` prefix is dropped here. */
function readSlot(reader: FieldReader, ignored: string[]): FlowOverrides {
  const slot = {
    ringbackTimeoutMs: reader.duration('ringback_timeout', 'wait'),
    callbackTimeoutMs: reader.duration('callback_timeout', 'ring'),
    presenceType: reader.presenceType(['presence_type']),
    presenceId: reader.presenceId('presence_id'),
  };
  ignored.push(...reader.rest());
  return slot;
}
