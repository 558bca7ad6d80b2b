import { v5 } from 'uuid';

/** Namespace of the ids of ringing legs; must never change. */
const LEGS = 'a1c9f0de-6a55-5b0e-9d0c-2b7c1c0f7a11';

/**
 * The id of a ringing leg, a UUIDv8: the same for the same park, attempt, member and contact, in whatever process. So the switch
 * can hold it once only, and whoever takes an attempt up finds it. Its first half tells the park.
 */
export function legId(parkId: string, attempt: number, member: string, contact: string): string {
  return parkHalf(parkId) + v5(JSON.stringify([parkId, attempt, member, contact]), LEGS).slice(HALF);
}

/** Whether a call is one that rang for this park: of whatever attempt, since a late answer's claim may come in the next one. */
export function isLegOf(parkId: string, callId: string): boolean {
  return callId.length === 36 && callId.startsWith(parkHalf(parkId));
}

/** Characters of a UUID before its variant, the version being the last group's first. */
const HALF = 18;

function parkHalf(parkId: string): string {
  const hash = v5(parkId, LEGS);
  return `${hash.slice(0, 14)}8${hash.slice(15, HALF)}`;
}

export function legIdBytes(id: string): Uint8Array {
  const hex = id.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

export function legIdFrom(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
