import { DEFAULT_LOT, EXTENSION_LOT, HOLDING_LOT, stableHash } from '@parkade/ids';
import { z } from 'zod';
import { type Checked, check, formatPath } from './issues.js';
import { escapeSchema, holdSchema } from './media/hold-settings.js';
import { levelShape, nameSchema, slotOverridesSchema } from './policy-settings.js';
import { rangesSchema } from './ranges.js';
import { recallSchema } from './recall-settings.js';

/** How a free slot of a lot is chosen. */
export const SELECTIONS = ['first', 'next', 'random', 'longest_idle'] as const;

/** What happens when the slot is taken and the request does not say. */
export const ON_OCCUPIED = ['reject', 'next_free', 'ring_parker'] as const;

/** A slot holds at most this many parks. */
export const MAX_SLOT_CAPACITY = 64;

/** A lot is laid over at most this many shards. */
export const MAX_SPREAD = 256;

/** A lot has at most this many slots with settings of their own. */
export const MAX_SLOT_OVERRIDES = 2_000;

const count = (max: number): z.ZodNumber =>
  z
    .number()
    .int({ error: 'must be a whole number' })
    .min(1)
    .max(max, { error: `must be from 1 to ${max}` });

/** What a lot says of one slot. */
const lotSlotSchema = slotOverridesSchema.extend({ hold: holdSchema.optional(), escape: escapeSchema.optional() });

const lotSchema = z
  .strictObject({
    /** The lot; in a document it may be left out, as the key names it. */
    lot_id: nameSchema,
    /** Off: parks are refused; what is parked already stays retrievable and is rung back. */
    enabled: z.boolean().default(true),
    /** The numbered slots; what is chosen automatically comes from here, in this order. */
    ranges: rangesSchema.default([]),
    /** Whether any valid slot id is accepted beside the ranges when it is asked for by name. */
    any_slot: z.boolean().default(false),
    selection: z.enum(SELECTIONS, { error: `must be one of ${SELECTIONS.join(', ')}` }).default('first'),
    /** Parks a slot holds at most. */
    slot_capacity: count(MAX_SLOT_CAPACITY).default(1),
    /** Over how many shards the lot is laid. 1 unless it is very large. It says where slots are found: it stays as the lot was made. */
    spread: count(MAX_SPREAD).default(1),
    /** Where an automatic choice goes on when every slot is taken. */
    overflow_lot_id: nameSchema.optional(),
    on_occupied: z.enum(ON_OCCUPIED, { error: `must be one of ${ON_OCCUPIED.join(', ')}` }).default('reject'),
    /** The highest slot number that may be used, chosen or named; absent: no bound. Slots that are no numbers have none. */
    max_slot_number: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
    ...levelShape,
    /** Whom a call that comes back rings, and what happens when nobody answers. */
    recall: recallSchema.optional(),
    /** What callers hear who are parked in it. */
    hold: holdSchema.optional(),
    /** The key with which a caller who is parked in it leaves. */
    escape: escapeSchema.optional(),
    /** Settings of single slots. */
    slots: z.record(nameSchema, lotSlotSchema).default({}),
    /** The canonical presence id of a slot is this and the slot: `*3701`. */
    presence_prefix: z
      .string()
      .regex(/^[\x21-\x7e]{0,16}$/, { error: 'must be at most 16 printable ASCII characters without blanks' })
      .default('*3'),
    /** Not listed and without lamps. */
    hidden: z.boolean().default(false),
  })
  .superRefine((lot, context) => {
    const refuse = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (lot.lot_id.startsWith('_') && !isReservedLot(lot.lot_id)) {
      refuse('lot_id', `names that begin with _ are reserved; there are ${EXTENSION_LOT} and ${HOLDING_LOT}`);
    }
    if (lot.ranges.length === 0 && !lot.any_slot) {
      refuse('ranges', 'a lot needs at least one range, or any_slot: true');
    }
    if (lot.overflow_lot_id === lot.lot_id) refuse('overflow_lot_id', 'a lot cannot overflow into itself');
    if (lot.overflow_lot_id?.startsWith('_') === true) refuse('overflow_lot_id', 'reserved lots take no overflow');
    if (lot.lot_id === HOLDING_LOT && (!lot.any_slot || !lot.hidden)) {
      refuse(lot.hidden ? 'any_slot' : 'hidden', `${HOLDING_LOT} is always hidden and takes any slot`);
    }
    // Groups hunt through all extensions in one step, and a held call's slot is known by its park alone.
    if (isReservedLot(lot.lot_id) && lot.spread > 1) refuse('spread', `${lot.lot_id} is on one shard`);
    if (Object.keys(lot.slots).length > MAX_SLOT_OVERRIDES) {
      refuse('slots', `at most ${MAX_SLOT_OVERRIDES} slots may have settings of their own`);
    }
  });

/** A lot: a named set of a tenant's slots. */
export type LotSettings = z.output<typeof lotSchema>;
/** A lot as people write it; what is left out gets its default. */
export type LotSettingsInput = Omit<z.input<typeof lotSchema>, 'lot_id'> & { readonly lot_id?: string };

/** What a lot that was made by itself (`--auto-tenants`) is: 101 to 999, and any other slot id that is asked for by name. */
const AUTO_LOT: LotSettingsInput = { ranges: [{ first: '101', last: '999' }], any_slot: true };

/** The same with lamps that no other such lot has: all but `default` begin with the lot's name. */
export function autoLot(lotId: string): LotSettingsInput {
  if (lotId === DEFAULT_LOT) return AUTO_LOT;
  const short = lotId.length < 16 ? lotId : stableHash(lotId).toString(36);
  return { ...AUTO_LOT, presence_prefix: `${short}*` };
}

/** The two lots every tenant has without anybody making them. What is stored of them changes single values. */
const RESERVED: ReadonlyMap<string, LotSettingsInput> = new Map([
  // An extension is dialled as *68EXT to park there, so that its lamp is not that of slot EXT of a numbered lot.
  [EXTENSION_LOT, { any_slot: true, presence_prefix: '*68' }],
  [HOLDING_LOT, { any_slot: true, hidden: true, presence_prefix: '' }],
]);

/** Whether every tenant has this lot without anybody making it. */
export function isReservedLot(lotId: string): boolean {
  return RESERVED.has(lotId);
}

/** Reads a lot stored or written under the name `lotId`; what is absent gets its default (reserved lots: their own). */
export function parseLot(lotId: string, json: unknown, at?: readonly PropertyKey[]): Checked<LotSettings> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return check(lotSchema, json, at);
  const named: unknown = 'lot_id' in json ? json.lot_id : lotId;
  const result = check(lotSchema, { ...RESERVED.get(lotId), ...json, lot_id: named }, at);
  if (!result.ok || named === lotId) return result;
  const path = formatPath([...(at ?? []), 'lot_id']);
  return { ok: false, issues: [{ path, message: `must be ${lotId}, as the key says, or be left out` }] };
}

/** The reserved lots as they are where nothing is stored of them. */
export const DEFAULT_RESERVED_LOTS: ReadonlyMap<string, LotSettings> = new Map(
  [...RESERVED].map(([lotId, input]) => [lotId, lotSchema.parse({ ...input, lot_id: lotId })]),
);

/** The lot `default` as it is made by itself. */
export const DEFAULT_LOT_SETTINGS: LotSettings = lotSchema.parse({ ...AUTO_LOT, lot_id: DEFAULT_LOT });
