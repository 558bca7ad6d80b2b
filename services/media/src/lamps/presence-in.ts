import type { LampState } from '@parkade/presence';

/**
 * A lamp as FreeSWITCH's SIP side takes it (`PRESENCE_IN`, as its own valet parking fires it): phones that have subscribed to
 * `presenceId@domain` with event `dialog` are notified. An id with a domain of its own keeps it; of `park+701` the part before
 * the plus is the protocol that the switch keeps such subscriptions under.
 */
export function presenceIn(
  presenceId: string,
  domain: string,
  state: LampState,
  count: number,
): readonly (readonly [string, string])[] {
  const at = presenceId.lastIndexOf('@');
  const [whole, host] = at < 0 ? [presenceId, domain] : [presenceId.slice(0, at), presenceId.slice(at + 1)];
  const plus = whole.indexOf('+');
  const [proto, user] = plus > 0 ? [whole.slice(0, plus), whole.slice(plus + 1)] : ['any', whole];
  const dark = state === 'terminated';
  return [
    ['proto', proto],
    ['login', user],
    ['from', `${user}@${host}`],
    ['force-status', dark ? 'Empty' : 'Holding'],
    ['rpid', dark ? 'unknown' : 'active'],
    ['event_type', 'presence'],
    ['alt_event_type', 'dialog'],
    ['event_count', String(count)],
    ['unique-id', user],
    ['channel-state', dark ? 'CS_HANGUP' : 'CS_ROUTING'],
    ['answer-state', state],
    // To the phone the lamp is called, so that `early` blinks.
    ['presence-call-direction', 'inbound'],
  ];
}
