import { hash } from 'node:crypto';
import { encodeRequest, type PublicCommand } from './public-command.js';

/**
 * 52 bits of the SHA-256 of the method and the canonical encoding of the client's request, its request id filled in. The same
 * for every attempt at it through whichever gateway; another one under the same id is refused by the owner.
 */
export function fingerprint(command: PublicCommand): number {
  const digest = hash('sha256', Buffer.concat([Buffer.from(`${command.$case}\0`), encodeRequest(command)]), 'buffer');
  return digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4);
}
