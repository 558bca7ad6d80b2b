import { hash } from 'node:crypto';
import type { CommandName } from './public-command.js';

/** The methods' names as they are hashed, by name. */
const NAMES = new Map<CommandName, Buffer>();

/** Hexadecimal digits of 52 bits. */
const DIGITS = 13;

/**
 * 52 bits of the SHA-256 of the method and the canonical encoding of the client's request, its request id filled in. The same for
 * every attempt at it through whichever gateway; another one under the same id is refused by the owner.
 */
export function fingerprint(name: CommandName, request: Uint8Array): number {
  const digest = hash('sha256', Buffer.concat([nameOf(name), request]), 'hex');
  return parseInt(digest.slice(0, DIGITS), 16);
}

function nameOf(name: CommandName): Buffer {
  let bytes = NAMES.get(name);
  if (bytes === undefined) NAMES.set(name, (bytes = Buffer.from(`${name}\0`)));
  return bytes;
}
