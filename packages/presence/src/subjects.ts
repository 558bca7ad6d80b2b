import { decodeToken, encodeToken } from '@parkade/ids';

/**
 * Subjects. Every name is one token (`encodeToken`), so none can reach into another's place or act as a wildcard:
 *
 *   parkade.v1.presence.<tenant>.<lot>.<slot>                 the slot's lamp as it is now
 *   parkade.v1.presence.<tenant>.<lot>.<slot>.<presence id>   a lamp that the slot no longer lights (see `lamps.ts`)
 *   parkade.v1.events.batch                                   what happened, many events in one message
 *
 * And on core NATS, kept by no stream, for those who cannot read streams (see `services/lamps-feed`); without dots, because
 * Kamailio cannot name a route after a subject with dots:
 *
 *   parkade-v1-lamps-feed                                     all lamps, in numbered messages
 *   parkade-v1-lamps-ask                                      "say all of it again"
 */
const PRESENCE = 'parkade.v1.presence';
const EVENTS = 'parkade.v1.events';

/** Everything of the presence stream, and of the event stream. */
export const ALL_PRESENCE = `${PRESENCE}.>`;
export const ALL_EVENTS = `${EVENTS}.>`;

/** Where events are published: all of them, for only so does one message hold many. */
export const EVENT_BATCHES = `${EVENTS}.batch`;

/** Every slot's own lamp, without those that slots no longer light. */
export const ALL_SLOT_LAMPS = `${PRESENCE}.*.*.*`;

/** Where feeds of lamps are told, and where they are asked to say all again. */
export const LAMPS_FEED = 'parkade-v1-lamps-feed';
export const LAMPS_ASK = 'parkade-v1-lamps-ask';

export interface SlotId {
  readonly tenantId: string;
  readonly lotId: string;
  readonly slot: string;
}

/** The subject of a slot's lamp. */
export function presenceSubject({ tenantId, lotId, slot }: SlotId): string {
  return `${lotToken(tenantId, lotId)}.${encodeToken(slot)}`;
}

/** The subject of a lamp that a slot no longer lights. */
export function clearedSubject(slot: SlotId, presenceId: string): string {
  return `${presenceSubject(slot)}.${encodeToken(presenceId)}`;
}

/** Pattern: the lamps of one slot, with those it no longer lights left out. */
export const slotPattern = presenceSubject;

/** Pattern: all lamps of a lot. */
export function lotPattern(tenantId: string, lotId: string): string {
  return `${lotToken(tenantId, lotId)}.>`;
}

/** Pattern: all lamps of a tenant. */
export function tenantPresencePattern(tenantId: string): string {
  return `${PRESENCE}.${encodeToken(tenantId)}.>`;
}

/** The parts of a presence subject; undefined when it is not one. `clearedPresenceId` only where it is about such a lamp. */
export function parsePresenceSubject(
  subject: string,
): (SlotId & { readonly clearedPresenceId: string | undefined }) | undefined {
  const names = namesAfter(PRESENCE, subject);
  if (names === undefined || names.length < 3 || names.length > 4) return undefined;
  const [tenantId = '', lotId = '', slot = '', clearedPresenceId] = names;
  return { tenantId, lotId, slot, clearedPresenceId };
}

function lotToken(tenantId: string, lotId: string): string {
  return `${PRESENCE}.${encodeToken(tenantId)}.${encodeToken(lotId)}`;
}

function namesAfter(prefix: string, subject: string): readonly string[] | undefined {
  if (!subject.startsWith(`${prefix}.`)) return undefined;
  const names: string[] = [];
  for (const token of subject.slice(prefix.length + 1).split('.')) {
    const name = token === '' ? undefined : decodeToken(token);
    if (name === undefined) return undefined;
    names.push(name);
  }
  return names;
}
