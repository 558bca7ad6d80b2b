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
  CS_HIBERNATE: 8,
  CS_RESET: 9,
  CS_HANGUP: 10,
  CS_REPORTING: 11,
};

/** Adds what every event of a leg tells of it. Only fields a real FreeSWITCH sends, as recorded. */
export function addChannel(fields: Fields, channel: Channel): void {
  const { profile, other } = channel;
  fields['Channel-State'] = channel.state;
  fields['Channel-Call-State'] = channel.callState;
  fields['Channel-State-Number'] = String(STATE_NUMBERS[channel.nextState ?? channel.state]);
  fields['Channel-Name'] = channel.name;
  fields['Unique-ID'] = channel.uuid;
  fields['Call-Direction'] = channel.direction;
  fields['Presence-Call-Direction'] = channel.direction;
  fields['Channel-HIT-Dialplan'] = 'true';
  fields['Channel-Call-UUID'] = channel.uuid;
  fields['Answer-State'] = channel.answerState;
  if (channel.cause !== undefined) fields['Hangup-Cause'] = channel.cause;
  addProfile(fields, CALLER, channel, profile);
  if (other === undefined) return;
  fields['Other-Type'] = other.channel.direction === 'outbound' ? 'originatee' : 'originator';
  addProfile(fields, OTHER_LEG, other.channel, other.profile);
}

/** Names of variables as events have them: a name that is made anew for each event costs more than all else in it. */
const variableNames = new Map<string, string>();
const MAX_NAMES = 10_000;

/** Adds the variables of a leg as an event carries them. */
export function addVariables(fields: Fields, channel: Channel): void {
  for (const [name, value] of channel.variables) {
    let named = variableNames.get(name);
    if (named === undefined) {
      named = `variable_${name}`;
      if (variableNames.size < MAX_NAMES) variableNames.set(name, named);
    }
    fields[named] = value;
  }
}

type ProfileNames = Readonly<Record<(typeof PROFILE_FIELDS)[number], string>>;

const PROFILE_FIELDS = [
  'Direction',
  'Logical-Direction',
  'Username',
  'Dialplan',
  'Caller-ID-Name',
  'Caller-ID-Number',
  'Orig-Caller-ID-Name',
  'Orig-Caller-ID-Number',
  'Callee-ID-Name',
  'Callee-ID-Number',
  'Transfer-Source',
  'RDNIS',
  'Network-Addr',
  'ANI',
  'Destination-Number',
  'Unique-ID',
  'Source',
  'Context',
  'Channel-Name',
  'Privacy-Hide-Name',
  'Privacy-Hide-Number',
  'Profile-Created-Time',
] as const;

function profileNames(prefix: string): ProfileNames {
  return Object.fromEntries(PROFILE_FIELDS.map((name) => [name, `${prefix}-${name}`])) as unknown as ProfileNames;
}

const CALLER = profileNames('Caller');
const OTHER_LEG = profileNames('Other-Leg');

function addProfile(fields: Fields, names: ProfileNames, channel: Channel, profile: CallerProfile): void {
  fields[names.Direction] = channel.direction;
  fields[names['Logical-Direction']] = channel.direction;
  fields[names.Username] = profile.username;
  fields[names.Dialplan] = profile.dialplan;
  fields[names['Caller-ID-Name']] = profile.name;
  fields[names['Caller-ID-Number']] = profile.number;
  fields[names['Orig-Caller-ID-Name']] = profile.origName;
  fields[names['Orig-Caller-ID-Number']] = profile.origNumber;
  if (profile.calleeName !== '') fields[names['Callee-ID-Name']] = profile.calleeName;
  if (profile.calleeNumber !== '') fields[names['Callee-ID-Number']] = profile.calleeNumber;
  if (profile.transferSource !== undefined) fields[names['Transfer-Source']] = profile.transferSource;
  if (profile.rdnis !== undefined && profile.rdnis !== '') fields[names.RDNIS] = profile.rdnis;
  fields[names['Network-Addr']] = '127.0.0.1';
  fields[names.ANI] = profile.ani;
  fields[names['Destination-Number']] = profile.destination;
  fields[names['Unique-ID']] = channel.uuid;
  fields[names.Source] = profile.source;
  fields[names.Context] = profile.context;
  fields[names['Channel-Name']] = channel.name;
  fields[names['Privacy-Hide-Name']] = String(profile.hidden === true);
  fields[names['Privacy-Hide-Number']] = String(profile.hidden === true);
  fields[names['Profile-Created-Time']] = String(Math.trunc(profile.createdMs * 1_000));
}
