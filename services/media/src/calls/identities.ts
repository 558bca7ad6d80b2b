import type { EslEvent } from '@parkade/esl';

/** Whose phone a leg is, as far as the switch knows for certain. */
export interface Identity {
  readonly user: string;
  /** Empty: it has not authenticated. */
  readonly domain: string;
}

const MAX_KEPT = 20_000;

/**
 * Who the legs of one node are that were answered lately: a transferred call names the leg it talked with, which is gone by
 * then. Bounded: the oldest are forgotten.
 */
export class Identities {
  readonly #known = new Map<string, Identity>();

  onEvent(event: EslEvent): void {
    const legId = event.channelUuid;
    if (event.name !== 'CHANNEL_ANSWER' || legId === undefined) return;
    const identity = identityOf(event);
    if (identity === undefined) return;
    this.#known.set(legId, identity);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KEPT && oldest !== undefined) this.#known.delete(oldest);
  }

  get(legId: string): Identity | undefined {
    return this.#known.get(legId);
  }
}

function identityOf(event: EslEvent): Identity | undefined {
  if (event.get('Call-Direction') === 'outbound') {
    const user = event.variable('dialed_user');
    return user === undefined ? undefined : { user, domain: event.variable('dialed_domain') ?? '' };
  }
  if (event.variable('sip_authorized') !== 'true') return undefined;
  const user = event.variable('user_name') ?? event.variable('sip_auth_username');
  return user === undefined ? undefined : { user, domain: event.variable('domain_name') ?? '' };
}
