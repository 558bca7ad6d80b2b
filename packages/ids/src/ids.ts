import type { Random } from '@parkade/clock';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PARK_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The largest shard number a park id can name. */
export const MAX_SHARD_COUNT = 4096;

/** A new request id: UUIDv7 (RFC 9562, 5.7), its first 48 bits the wall time in ms. */
export function newRequestId(nowMs: number, random: Random): string {
  const bytes = random.bytes(10);
  return timeUuid(nowMs, 7, ((bytes[8] ?? 0) << 4) | ((bytes[9] ?? 0) & 0x0f), bytes);
}

/** The wall time in ms a request id was made at; undefined when it is not a UUIDv7 in lower case. */
export function requestIdTimeMs(id: string): number | undefined {
  return UUID_V7.test(id) ? parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}

/**
 * A new park id: UUIDv8 (RFC 9562, 5.8): 48 bits of wall time in ms, 12 bits naming the shard the park lives in (so that a
 * park is found by its id alone), 62 random bits.
 */
export function newParkId(nowMs: number, shard: number, random: Random): string {
  return timeUuid(nowMs, 8, shard, random.bytes(8));
}

/** The shard a park id names; undefined when it is not a park id. */
export function parkIdShard(id: string): number | undefined {
  return PARK_ID.test(id) ? parseInt(id.slice(15, 18), 16) : undefined;
}

/** The wall time in ms a park id was made at; undefined when it is not a park id. */
export function parkIdTimeMs(id: string): number | undefined {
  return PARK_ID.test(id) ? parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}

function timeUuid(nowMs: number, version: number, middle: number, random: Uint8Array): string {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0').slice(-12);
  const hex = (index: number): string => HEX[random[index] ?? 0] ?? '00';
  const variant = HEX[((random[0] ?? 0) & 0x3f) | 0x80] ?? '80';
  const tail = `${hex(2)}${hex(3)}${hex(4)}${hex(5)}${hex(6)}${hex(7)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${middle.toString(16).padStart(3, '0')}-${variant}${hex(1)}-${tail}`;
}
