import { decodeToken, keys } from '@parkade/ids';
import { EVENT_KINDS } from '@parkade/presence';
import { type Checked, check } from '@parkade/settings';
import { z } from 'zod';
import { isSecret } from './signature.js';

/** Endpoints of one tenant at most. */
export const MAX_ENDPOINTS = 16;
const MAX_URL_LENGTH = 1_024;

/** For so long after a change of its secret an endpoint's events are signed by both, in ms. */
export const SECRET_OVERLAP_MS = 24 * 3_600_000;

const kindSchema = z.enum(Object.values(EVENT_KINDS) as [string, ...string[]]);

const endpointSchema = z.strictObject({
  id: z.string(),
  url: z
    .string()
    .max(MAX_URL_LENGTH)
    .refine(isTarget, 'must be an http or https URL without a user, a password or a fragment'),
  secret: z.string().refine(isSecret, 'must be whsec_ and 24 to 64 bytes in base64'),
  /** Empty: every kind. */
  kinds: z.array(kindSchema).max(64).default([]),
  enabled: z.boolean().default(true),
  /** The secret before this one, with which is signed besides for a while. */
  previous: z.strictObject({ secret: z.string().refine(isSecret), until_ms: z.number().int() }).optional(),
  /** Tells it from an earlier one of the same id; made when it is created. */
  key: z.string().regex(/^[0-9a-f]{16}$/),
});

/** An endpoint of a tenant, as it is stored. */
export type Endpoint = z.output<typeof endpointSchema>;

/** What a client may see: all but the secret. */
export type EndpointView = Omit<Endpoint, 'secret' | 'previous' | 'key'>;

export function parseEndpoint(json: unknown): Checked<Endpoint> {
  return check(endpointSchema, json);
}

export function endpointView({ id, url, kinds, enabled }: Endpoint): EndpointView {
  return { id, url, kinds, enabled };
}

/** The secrets that sign at a moment (wall ms), the newest first. */
export function secretsAt({ secret, previous }: Endpoint, nowMs: number): readonly string[] {
  return previous === undefined || previous.until_ms <= nowMs ? [secret] : [secret, previous.secret];
}

/** Whose endpoint a key of the store is about; undefined: it is none. */
export function parseEndpointKey(key: string): { readonly tenant: string; readonly id: string } | undefined {
  if (!key.startsWith(keys.webhooks)) return undefined;
  const [tenant, id, ...rest] = key.slice(keys.webhooks.length).split('/').map(decodeToken);
  return tenant === undefined || id === undefined || rest.length > 0 ? undefined : { tenant, id };
}

/** Whether an endpoint hears of this kind of event. */
export function hears({ enabled, kinds }: Endpoint, kind: string): boolean {
  return enabled && (kinds.length === 0 || kinds.includes(kind));
}

function isTarget(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
