import { hash } from 'node:crypto';
import { keepEncoding } from '../routing/encode-exchange.js';
import { encodeRequest, type PublicCommand } from './public-command.js';

/** The methods' names as they are hashed, by name. */
const NAMES = new Map<string, Buffer>();

/** Hexadecimal digits of 52 bits. */
const DIGITS = 13;

/**
 * 52 bits of the SHA-256 of the method and the canonical encoding of the client's request, its request id filled in. The same
 * for every attempt at it through whichever gateway; another one under the same id is refused by the owner.
 */
export function fingerprint(command: PublicCommand): number {
  const encoded = encodeRequest(command);
  keepEncoding(command.value, encoded);
  const digest = hash('sha256', Buffer.concat([nameOf(command), encoded]), 'hex');
  return parseInt(digest.slice(0, DIGITS), 16);
}

function nameOf({ $case }: PublicCommand): Buffer {
  let name = NAMES.get($case);
  if (name === undefined) NAMES.set($case, (name = Buffer.from(`${$case}\0`)));
  return name;
}
