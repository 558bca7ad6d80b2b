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

/** The number of `CS_EXECUTE`, as `Channel-State-Number` has it. */
const IN_DIAL_PLAN = '4';

/**
 * Whether a leg of the dial plan was told to go elsewhere: `Channel-State` is what it is held in still, `Channel-State-Number` where
 * it goes as soon as its application ends. The dial plan does not go on then.
 */
export function isLeaving(headers: EslHeaders): boolean {
  const next = headers.get('Channel-State-Number') ?? IN_DIAL_PLAN;
  return headers.get('Channel-State') === 'CS_EXECUTE' && next !== IN_DIAL_PLAN;
}

/** Whether a leg waits in the switch's own park, as far as the look shows it: what plays there may hide it. */
export function isParked(headers: EslHeaders): boolean {
  const state = headers.get('Channel-State');
  const inPark = state === 'CS_EXECUTE' && headers.get('variable_current_application') === 'park';
  return (state === 'CS_PARK' || inPark) && standingOf(headers) === 'waiting' && !isLeaving(headers);
}
