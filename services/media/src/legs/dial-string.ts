import { LEG_OF_VARIABLE, TENANT_VARIABLE } from '../switch/park-mark.js';
import { isWord, plainText, quotedVariable } from '../switch/values.js';
import type { LegRequest } from './types.js';

const MAX_RING_S = 600;
/** How long whoever has answered waits for the call, in seconds: the switch ends it then, whoever rang it may be gone. */
const ANSWERED_S = 15;

/** What `originate` is given for a leg, with `more` variables; undefined when the contact cannot be dialled. */
export function legDialString(
  request: LegRequest,
  more: readonly (readonly [string, string])[] = [],
): string | undefined {
  const { legId, parkId, tenantId, contact, ringMs, presentation, followForwarding } = request;
  if (!isWord(contact) || contact.includes(',') || !/^[A-Za-z0-9-]{1,64}$/.test(legId)) return undefined;
  const seconds = Math.min(MAX_RING_S, Math.max(1, Math.ceil(ringMs / 1_000)));
  const { name, number, alertInfo } = presentation;
  const variables: (readonly [string, string])[] = [
    ['origination_uuid', legId],
    ['originate_timeout', String(seconds)],
    // Without it, a phone that sends ringing as audio counts as answered.
    ['ignore_early_media', 'true'],
    ['hangup_after_bridge', 'true'],
    [LEG_OF_VARIABLE, plainText(parkId)],
    ['origination_caller_id_name', quotedVariable(name)],
    // An empty one would be shown as the switch's own.
    ['origination_caller_id_number', quotedVariable(number === '' ? 'anonymous' : number.replaceAll(' ', ''))],
    ...(alertInfo === '' ? [] : [['alert_info', quotedVariable(alertInfo)] satisfies [string, string]]),
    // A name that cannot be written as it is would be another tenant's.
    ...(plainText(tenantId) === tenantId
      ? [[TENANT_VARIABLE, quotedVariable(tenantId)] satisfies [string, string]]
      : []),
    ...more,
    ['park_timeout', String(ANSWERED_S)],
    ...(followForwarding ? [] : [['outbound_redirect_fatal', 'true'] satisfies [string, string]]),
  ];
  return `{${variables.map(([key, value]) => `${key}=${value}`).join(',')}}${contact}`;
}
