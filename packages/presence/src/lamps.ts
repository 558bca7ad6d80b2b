import { type ParkRecord, PresenceType, type SlotName, type SlotRecord } from '@parkade/proto';
import { dialogInfo } from './dialog-info.js';
import { encodeMessage } from './events.js';
import { type CallJson, callJson, type ParkerJson, parkerJson } from './parties.js';
import { clearedSubject, presenceSubject } from './subjects.js';

/** What a lamp shows: `early` blinks, `confirmed` is steady, `terminated` is dark. */
export type LampState = 'early' | 'confirmed' | 'terminated';

/**
 * A lamp's state, as JSON on `parkade.v1.presence.<tenant>.<lot>.<slot>`, last value kept.
 *
 * A message says all about the lamps of its slot. Whoever follows them keeps the highest `version` of each slot, and when it
 * names another `presence_id` than the one before, that one is dark. For those who keep nothing, or only know presence ids
 * (a presence server), the same is said aloud: where a change leaves an id dark that the slot lit before and lights another,
 * a `terminated` message for the old id comes first, on `….<slot>.<presence id>`, with the same version. It stays there
 * as a last value, so that late and slow subscribers hear it too; of messages about one slot and id the highest version
 * counts. One id may be lit by several slots; then it is dark when none of them lights it.
 */
export interface PresenceMessage {
  readonly tenant: string;
  readonly lot: string;
  readonly slot: string;
  readonly state: LampState;
  readonly presence_id: string;
  /** The slot's revision: rises with every change. */
  readonly version: number;
  /** The caller who has waited longest; null when the lamp is dark. */
  readonly caller: CallJson | null;
  /** Who parked that call. */
  readonly parker: ParkerJson | null;
  /** All who are in the slot, the oldest first. */
  readonly park_ids: readonly string[];
  /** Dark: the call that was last in the slot, and who parked it, so that those who were told of it can be told of its end. */
  readonly left: { readonly caller: CallJson | null; readonly parker: ParkerJson | null } | null;
  /** Since when the slot is occupied (the oldest park), or dark: wall ms since the Unix epoch. */
  readonly since_ms: number;
  /** The RFC 4235 document for this lamp, `application/dialog-info+xml`. */
  readonly document: string;
}

/** Something to publish on the presence stream. */
export interface OutgoingLamp {
  readonly subject: string;
  readonly presenceId: string;
  readonly state: LampState;
  readonly version: number;
  readonly payload: Uint8Array;
}

/** What a record says about lamps, not yet written out: cheap to ask for every commit. */
export interface LampFacts {
  readonly state: LampState;
  readonly presenceId: string;
  /** The id that the change left dark while the slot lights another. */
  readonly cleared: string | undefined;
}

/** A record's lamps, written out. */
export interface Lamps {
  /** The slot's lamp; undefined where it has none to speak of (a hidden lot, a slot held for a move). */
  readonly lamp: OutgoingLamp | undefined;
  /** The lamp that its change left dark while the slot lights another; to be published before `lamp`. */
  readonly cleared: OutgoingLamp | undefined;
}

/**
 * What a record says about lamps; undefined where it says nothing. The record names the id that is lit, and its last
 * transition the id of the park it happened to: if that is not the one that is lit and nobody in the slot lights it, it is
 * dark now.
 */
export function lampFacts(record: SlotRecord): LampFacts | undefined {
  const { name, last, litPresenceId } = record;
  if (name === undefined) return undefined;
  const spoken = last?.presenceId ?? '';
  const shown = record.parks.find((park) => lights(park, litPresenceId));
  if (shown === undefined) {
    const presenceId = litPresenceId === '' ? spoken : litPresenceId;
    return presenceId === '' ? undefined : { state: 'terminated', presenceId, cleared: undefined };
  }
  const leftDark = spoken !== litPresenceId && !record.parks.some((park) => lights(park, spoken));
  return {
    state: shown.policy?.presenceType === PresenceType.CONFIRMED ? 'confirmed' : 'early',
    presenceId: litPresenceId,
    cleared: leftDark && spoken !== '' ? spoken : undefined,
  };
}

/** Whether a slot with this record lights nothing; `undefined`: it has none. */
export function isDark(record: SlotRecord | undefined): boolean {
  return record === undefined || !record.parks.some((park) => lights(park, record.litPresenceId));
}

/** The lamps of a record as it was committed at `revision`. */
export function lampsOf(record: SlotRecord, revision: number): Lamps {
  const facts = lampFacts(record);
  return {
    lamp: facts === undefined ? undefined : slotLamp(record, facts, revision),
    cleared: facts?.cleared === undefined ? undefined : clearedLamp(record, facts.cleared, revision),
  };
}

/** The slot's lamp, written out. */
export function slotLamp(record: SlotRecord, facts: LampFacts, revision: number): OutgoingLamp | undefined {
  if (record.name === undefined) return undefined;
  const { state, presenceId } = facts;
  if (state === 'terminated') return darkLamp(record, record.name, presenceId, revision);
  return litLamp(record, record.name, state, presenceId, revision);
}

/** A lamp that the slot, with `record` in it, does not light; undefined where the record has no name. */
export function clearedLamp(record: SlotRecord, presenceId: string, version: number): OutgoingLamp | undefined {
  if (record.name === undefined) return undefined;
  const lamp = darkLamp(record, record.name, presenceId, version);
  return { ...lamp, subject: clearedSubject(record.name, presenceId) };
}

function litLamp(
  record: SlotRecord,
  name: SlotName,
  state: LampState,
  presenceId: string,
  version: number,
): OutgoingLamp {
  const lit = record.parks.filter((park) => lights(park, presenceId));
  const document = dialogInfo({
    presenceId,
    tenantId: name.tenantId,
    display: name.slot,
    version: record.documentVersion,
    dialogs: lit.map((park) => ({ id: park.parkId, state, call: park.call })),
  });
  const caller = callJson(lit[0]?.call);
  const parker = parkerJson(lit[0]?.parker);
  const sinceMs = record.parks[0]?.parkedAtMs ?? 0;
  return outgoing(record, name, { state, presenceId, version, caller, parker, left: null, sinceMs, document });
}

function darkLamp(record: SlotRecord, name: SlotName, presenceId: string, version: number): OutgoingLamp {
  const parkId = record.last?.parkId ?? '';
  const document = dialogInfo({
    presenceId,
    tenantId: name.tenantId,
    display: name.slot,
    version: record.documentVersion,
    dialogs: [{ id: parkId === '' ? name.slot : parkId, state: 'terminated', call: undefined }],
  });
  const sinceMs = record.last?.atMs ?? 0;
  return outgoing(record, name, {
    state: 'terminated',
    presenceId,
    version,
    caller: null,
    parker: null,
    left: { caller: callJson(record.last?.call), parker: parkerJson(record.last?.parker) },
    sinceMs,
    document,
  });
}

interface LampContents {
  readonly state: LampState;
  readonly presenceId: string;
  readonly version: number;
  readonly caller: CallJson | null;
  readonly parker: ParkerJson | null;
  readonly left: PresenceMessage['left'];
  readonly sinceMs: number;
  readonly document: string;
}

function outgoing(record: SlotRecord, name: SlotName, contents: LampContents): OutgoingLamp {
  const { state, presenceId, version } = contents;
  const message: PresenceMessage = {
    tenant: name.tenantId,
    lot: name.lotId,
    slot: name.slot,
    state,
    presence_id: presenceId,
    version,
    caller: contents.caller,
    parker: contents.parker,
    park_ids: record.parks.map((park) => park.parkId),
    left: contents.left,
    since_ms: contents.sinceMs,
    document: contents.document,
  };
  return { subject: presenceSubject(name), presenceId, state, version, payload: encodeMessage(message) };
}

/** Whether a park lights this id. A hold for a move lights nothing; neither does a park set to `terminated`. */
function lights(park: ParkRecord, presenceId: string): boolean {
  const { state, policy } = park;
  if (presenceId === '' || state === undefined || state.$case === 'incoming') return false;
  return policy?.presenceId === presenceId && policy.presenceType !== PresenceType.TERMINATED;
}
