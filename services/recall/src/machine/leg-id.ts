import { v5 } from 'uuid';

/** Namespace of the ids of ringing legs; must never change. */
const LEGS = 'a1c9f0de-6a55-5b0e-9d0c-2b7c1c0f7a11';

/**
 * The id of a ringing leg: the same for the same park, attempt, member and contact, in whatever process. So the switch can
 * hold it once only, and whoever takes an attempt up finds it.
 */
export function legId(parkId: string, attempt: number, member: string, contact: string): string {
  return v5(JSON.stringify([parkId, attempt, member, contact]), LEGS);
}

/** Whether a call's id may be a leg's: no other call of ours has a UUIDv5. */
export function mayBeLeg(callId: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(callId);
}

export function legIdBytes(id: string): Uint8Array {
  const hex = id.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

export function legIdFrom(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
