import { createHmac } from 'node:crypto';
import type { Random } from '@parkade/clock';

const SECRET = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;

/** A new secret: 32 random bytes, as Standard Webhooks writes them. */
export function newSecret(random: Random): string {
  return `whsec_${Buffer.from(random.bytes(32)).toString('base64')}`;
}

/** Whether a text can be a secret: `whsec_` and 24 to 64 bytes in base64. */
export function isSecret(text: string): boolean {
  const bytes = secretBytes(text).byteLength;
  return bytes >= 24 && bytes <= 64;
}

/**
 * The headers of one attempt (Standard Webhooks 1.0): its id, the time in Unix seconds, and the HMAC-SHA256 of both and the body by
 * each secret, with a blank between them: whoever verifies by any of them may take it.
 */
export function signedHeaders(
  secrets: readonly string[],
  id: string,
  timestampS: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const signed = `${id}.${timestampS}.${body}`;
  const macs = secrets.map((secret) => createHmac('sha256', secretBytes(secret)).update(signed).digest('base64'));
  const signatures = macs.map((mac) => `v1,${mac}`).join(' ');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestampS), 'webhook-signature': signatures };
}

function secretBytes(secret: string): Buffer {
  return Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64');
}
