import { encodeToken } from '@parkade/ids';
import type { PresenceMessage } from '@parkade/presence';
import { z } from 'zod';

/**
 * A message of a feed: JSON on `parkade-v1-lamps-feed`, for presence servers that hear core NATS and can do little with JSON.
 * Every message says which one was `before` it in its feed, so that whoever misses one knows it.
 */
export type FeedMessage = FeedPlace & (FeedLamp | FeedMark);

export interface FeedPlace {
  /** The process that feeds; a new one each time it is started. */
  readonly feed: string;
  /** The place of this message and of the one before it, from `1` and `0` on. Texts: they are only ever compared. */
  readonly at: string;
  readonly after: string;
}

/** Nothing but that the feed is there; or: from here to the `replay-end` all lamps are told. */
export interface FeedMark {
  readonly type: 'beat' | 'replay-begin' | 'replay-end';
}

/** A slot's lamp. One with a lower or equal `revision` than another of the same tenant and slot says nothing new. */
export interface FeedLamp {
  readonly type: 'lamp';
  readonly tenant: string;
  /** The lot and the slot, as in subjects: one name within the tenant. */
  readonly slot: string;
  readonly revision: number;
  /** The presence id as the user of a SIP URI: printable ASCII that needs no escape there is not escaped (RFC 3261, 25.1). */
  readonly user: string;
  /** The domain the presence id names itself, in lower case; empty: all of the tenant's. */
  readonly host: string;
  /** 0: dark. */
  readonly lit: 0 | 1;
  /** The RFC 4235 document, and how the tenant is written in its URIs. */
  readonly document: string;
  readonly tenant_host: string;
}

const text = z.string();
const PRESENCE = z.object({
  tenant: text,
  lot: text,
  slot: text,
  state: z.enum(['early', 'confirmed', 'terminated']),
  presence_id: text,
  version: z.int().nonnegative(),
  document: text,
}) satisfies z.ZodType<Partial<PresenceMessage>>;

/** The lamp a presence message is about; undefined where it is none. */
export function feedLamp(payload: Uint8Array): FeedLamp | undefined {
  const read = PRESENCE.safeParse(parsed(payload));
  if (!read.success) return undefined;
  const { tenant, lot, slot, state, presence_id: id, version, document } = read.data;
  const at = id.lastIndexOf('@');
  return {
    type: 'lamp',
    tenant,
    slot: `${encodeToken(lot)}.${encodeToken(slot)}`,
    revision: version,
    user: sipUser(at < 0 ? id : id.slice(0, at)),
    host: at < 0 ? '' : id.slice(at + 1).toLowerCase(),
    lit: state === 'terminated' ? 0 : 1,
    document,
    tenant_host: encodeURIComponent(tenant).replaceAll('%3A', ':'),
  };
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** As Kamailio's `s.escape.user` writes it, so that both name a user alike. */
function sipUser(name: string): string {
  const escape = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;
  return name.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?]/gu, (char) => [...Buffer.from(char)].map(escape).join(''));
}
