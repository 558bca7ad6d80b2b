import type { EslHeaders } from '@parkade/esl';

/**
 * Whether a leg is a conference's (R11). The switch keeps `conference_call_key` while a leg is in one, and the ids of the last
 * one for ever: of a leg that has talked with nobody else, they say that it has just come out of it.
 */
export function isConferenceLeg(headers: EslHeaders): boolean {
  const has = (name: string): boolean => (headers.get(`variable_${name}`) ?? '') !== '';
  if (has('conference_call_key') || headers.get('variable_current_application') === 'conference') return true;
  return (has('conference_member_id') || has('conference_uuid')) && !has('last_bridge_to');
}
