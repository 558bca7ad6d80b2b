// The number under which a phone of one media node fetches a call that is parked at another.
//   Q1. It is 144 random bits, the park, and the tenant. Nobody keeps the random bits but who sends the phone: the slot's owner
//       has their digest, and lets them be used once.
//   Q2. It is never logged.
import { createHash } from 'node:crypto';
import type { Random } from '@parkade/clock';
import { isName, parkIdShard } from '@parkade/ids';

/** A one-time secret, and what the slot's owner knows of it. */
export interface PickupSecret {
  readonly secret: string;
  readonly digest: Uint8Array;
}

/** What a number is for. */
export interface PickupNumber {
  readonly tenantId: string;
  readonly parkId: string;
  readonly digest: Uint8Array;
}

const PREFIX = 'pickup-';
const SECRET_BYTES = 18;
const SECRET_LENGTH = 24;
const PARK_LENGTH = 22;
/** Of a tenant's name of 64 characters; the shipped dial plan takes no longer one. */
const MAX_TENANT_LENGTH = 86;
const NUMBER = new RegExp(
  `^${PREFIX}([\\w-]{${SECRET_LENGTH}})([\\w-]{${PARK_LENGTH}})([\\w-]{2,${MAX_TENANT_LENGTH}})$`,
);

export function newPickupSecret(random: Random): PickupSecret {
  const secret = Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
  return { secret, digest: digestOf(secret) };
}

/** The number that brings a phone to a park. */
export function pickupNumber(
  { secret }: PickupSecret,
  { tenantId, parkId }: { readonly tenantId: string; readonly parkId: string },
): string {
  const park = Buffer.from(parkId.replaceAll('-', ''), 'hex').toString('base64url');
  return `${PREFIX}${secret}${park}${Buffer.from(tenantId).toString('base64url')}`;
}

/** Whether a number is meant as one of these. */
export function isPickupNumber(number: string): boolean {
  return number.startsWith(PREFIX);
}

/** Reads a number; undefined: nobody made it. */
export function readPickupNumber(number: string): PickupNumber | undefined {
  const [, secret = '', park = '', tenant = ''] = NUMBER.exec(number) ?? [];
  const hex = Buffer.from(park, 'base64url').toString('hex');
  const parkId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const tenantId = Buffer.from(tenant, 'base64url').toString('utf8');
  if (parkIdShard(parkId) === undefined || !isName(tenantId)) return undefined;
  return { tenantId, parkId, digest: digestOf(secret) };
}

function digestOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
