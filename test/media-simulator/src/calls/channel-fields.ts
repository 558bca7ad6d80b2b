import type { CallerProfile, Channel, ChannelState } from './channel.js';

/** Fields of an event, in order. */
export type Fields = Record<string, string>;

const STATE_NUMBERS: Readonly<Record<ChannelState, number>> = {
  CS_INIT: 1,
  CS_ROUTING: 2,
  CS_SOFT_EXECUTE: 3,
  CS_EXECUTE: 4,
  CS_EXCHANGE_MEDIA: 5,
  CS_PARK: 6,
  CS_CONSUME_MEDIA: 7,
  CS_RESET: 9,
  CS_HANGUP: 10,
  CS_REPORTING: 11,
};

/** What every event of a leg tells of it. Only fields a real FreeSWITCH sends, as recorded. */
export function channelFields(channel: Channel): Fields {
  const { profile, other } = channel;
  return {
    'Channel-State': channel.state,
    'Channel-Call-State': channel.callState,
    'Channel-State-Number': String(STATE_NUMBERS[channel.state]),
    'Channel-Name': channel.name,
    'Unique-ID': channel.uuid,
    'Call-Direction': channel.direction,
    'Presence-Call-Direction': channel.direction,
    'Channel-HIT-Dialplan': 'true',
    'Channel-Call-UUID': channel.uuid,
    'Answer-State': channel.answerState,
    ...(channel.cause !== undefined && { 'Hangup-Cause': channel.cause }),
    ...profileFields('Caller', channel, profile),
    ...(other !== undefined && {
      'Other-Type': other.channel.direction === 'outbound' ? 'originatee' : 'originator',
      ...profileFields('Other-Leg', other.channel, other.profile),
    }),
  };
}

/** The variables of a leg as an event carries them. */
export function variableFields(channel: Channel): Fields {
  return Object.fromEntries([...channel.variables].map(([name, value]) => [`variable_${name}`, value]));
}

function profileFields(prefix: string, channel: Channel, profile: CallerProfile): Fields {
  const optional: [string, string][] = [
    ['Callee-ID-Name', profile.calleeName],
    ['Callee-ID-Number', profile.calleeNumber],
    ['Transfer-Source', profile.transferSource ?? ''],
    ['RDNIS', profile.rdnis ?? ''],
  ];
  return {
    [`${prefix}-Direction`]: channel.direction,
    [`${prefix}-Logical-Direction`]: channel.direction,
    [`${prefix}-Username`]: profile.username,
    [`${prefix}-Dialplan`]: profile.dialplan,
    [`${prefix}-Caller-ID-Name`]: profile.name,
    [`${prefix}-Caller-ID-Number`]: profile.number,
    [`${prefix}-Orig-Caller-ID-Name`]: profile.origName,
    [`${prefix}-Orig-Caller-ID-Number`]: profile.origNumber,
    ...Object.fromEntries(
      optional.filter(([, value]) => value !== '').map(([name, value]) => [`${prefix}-${name}`, value]),
    ),
    [`${prefix}-Network-Addr`]: '127.0.0.1',
    [`${prefix}-ANI`]: profile.ani,
    [`${prefix}-Destination-Number`]: profile.destination,
    [`${prefix}-Unique-ID`]: channel.uuid,
    [`${prefix}-Source`]: profile.source,
    [`${prefix}-Context`]: profile.context,
    [`${prefix}-Channel-Name`]: channel.name,
    [`${prefix}-Profile-Created-Time`]: String(Math.trunc(profile.createdMs * 1_000)),
  };
}
