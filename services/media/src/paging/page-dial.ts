import { isWord, quotedVariable } from '../switch/values.js';

/** One phone of a page. */
export interface PageLeg {
  readonly legId: string;
  readonly extension: string;
  readonly domain: string;
  readonly slot: string;
  /** How long it lasts at most, in ms. */
  readonly limitMs: number;
  /** What makes the phone answer by itself: parameters of its `Call-Info` header, as checked by the settings. */
  readonly autoAnswer: string;
}

/**
 * What `originate` is given for a phone that is paged; undefined when it cannot be dialled. The switch itself ends the leg
 * after the limit, so that no page outlives the process that began it.
 */
export function pageDialString({ legId, extension, domain, slot, limitMs, autoAnswer }: PageLeg): string | undefined {
  const contact = `user/${extension}@${domain}`;
  if (!isWord(contact) || contact.includes(',') || /['\\{}$]/.test(autoAnswer)) return undefined;
  const seconds = Math.max(1, Math.ceil(limitMs / 1_000));
  const variables: [string, string][] = [
    ['origination_uuid', legId],
    ['originate_timeout', String(seconds)],
    ['park_timeout', String(seconds)],
    ['ignore_early_media', 'true'],
    ['outbound_redirect_fatal', 'true'],
    ['origination_caller_id_name', quotedVariable(`Park ${slot}`)],
    ['origination_caller_id_number', quotedVariable(slot)],
    ['sip_h_Call-Info', `'<sip:${domain}>;${autoAnswer}'`],
  ];
  return `{${variables.map(([key, value]) => `${key}=${value}`).join(',')}}${contact}`;
}
