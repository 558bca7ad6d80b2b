import type { EslHeaders } from '@parkade/esl';

/** What a leg does, as the switch itself tells it. */
export type Standing = 'ringing' | 'waiting' | 'connected';

const TALKING = new Set(['CS_SOFT_EXECUTE', 'CS_EXCHANGE_MEDIA', 'CS_HIBERNATE']);

/** `waiting`: answered, and nobody talks with it. */
export function standingOf(headers: EslHeaders): Standing {
  if (headers.get('Answer-State') !== 'answered') return 'ringing';
  const inBridge =
    headers.get('Channel-State') === 'CS_EXECUTE' && headers.get('variable_current_application') === 'bridge';
  return inBridge || TALKING.has(headers.get('Channel-State') ?? '') ? 'connected' : 'waiting';
}

/** Whether two legs talk with each other, seen from one of them. */
export function talksWith(headers: EslHeaders, other: string): boolean {
  return standingOf(headers) === 'connected' && headers.get('Other-Leg-Unique-ID') === other;
}
