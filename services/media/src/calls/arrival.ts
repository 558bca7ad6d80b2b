// How a call came to a code, read from its leg.
//   A1. The tenant's facts (profile, context, domain) are the switch's own; what a phone can write is never one of them.
//   A2. A leg was transferred when the switch moved it after a conversation; a header that says so counts for nothing.
//   A3. The parker is the leg it talked with: as that leg authenticated, else as it was dialled. Referred-By is a hint for
//       when nothing else is known.
//   A4. A caller who withholds his number or name has none here.
import type { EslHeaders } from '@parkade/esl';
import { type CallRef, Direction, type Parker } from '@parkade/proto';
import { isConferenceLeg } from '../refusals/conference.js';
import { WITHHELD_NAME, withheld } from '../refusals/withheld.js';
import { type SeenLeg, seenLeg } from '../switch/node-switch.js';
import type { Identity } from './identities.js';
import type { Origin } from './tenant-rules.js';

export type Way =
  | { readonly kind: 'direct'; readonly user: string }
  | { readonly kind: 'blind'; readonly parker: Parker }
  /** `replaces`: the SIP Call-ID of the parker's consulting call. */
  | { readonly kind: 'attended'; readonly parker: Parker; readonly replaces: string };

export interface Arrival extends SeenLeg {
  readonly dialled: string;
  readonly origin: Origin;
  readonly way: Way;
  /** It is a conference's. */
  readonly conference: boolean;
  readonly call: CallRef;
  /** When the leg came to this number, in wall ms; 0: the switch does not say. */
  readonly sinceMs: number;
}

/** Reads a leg of `node`. `identityOf` knows the legs that were seen lately. */
export function readArrival(
  node: string,
  legId: string,
  headers: EslHeaders,
  identityOf: (legId: string) => Identity | undefined,
): Arrival {
  const get = (name: string): string => headers.get(name) ?? '';
  const partner = get('variable_last_bridge_to');
  const transferred = get('Caller-Transfer-Source') !== '' && partner !== '';
  const own = get('variable_sip_authorized') === 'true' ? get('variable_domain_name') : '';
  const domain = own === '' && transferred ? (identityOf(partner)?.domain ?? '') : own;
  return {
    ...seenLeg(legId, headers),
    dialled: get('Caller-Destination-Number'),
    origin: { node, profile: get('variable_sofia_profile_name'), context: get('Caller-Context'), domain },
    conference: isConferenceLeg(headers),
    way: transferred ? transfer(headers, identityOf(partner)) : { kind: 'direct', user: userOf(headers) },
    call: callRef(node, legId, headers),
    sinceMs: cameAtMs(headers),
  };
}

/** When a leg came to its number, in wall ms; 0: the switch does not say. */
export function cameAtMs(headers: EslHeaders): number {
  return Math.trunc(Number(headers.get('Caller-Profile-Created-Time') ?? 0) / 1_000) || 0;
}

function transfer(headers: EslHeaders, partner: Identity | undefined): Way {
  const parker = parkerOf(headers, partner);
  const [target = '', query = ''] = (headers.get('variable_sip_refer_to') ?? '').split('?');
  const fits = userOfUri(target) === headers.get('Caller-Destination-Number');
  const replaces = /(?:^|&)Replaces=([^;&>]+)/i.exec(decoded(query))?.[1];
  return fits && replaces !== undefined ? { kind: 'attended', parker, replaces } : { kind: 'blind', parker };
}

function parkerOf(headers: EslHeaders, partner: Identity | undefined): Parker {
  const outbound = headers.get('Call-Direction') === 'outbound';
  // The parked leg may be the one the parker has called: then the number dialled is the parked party's.
  const dialled = outbound ? headers.get('variable_pre_transfer_caller_id_number') : headers.get('Caller-RDNIS');
  const channel = /^sofia\/[^/]+\/([^@]+)@/.exec(headers.get('variable_bridge_channel') ?? '')?.[1];
  const hint = userOfUri(headers.get('variable_sip_h_Referred-By') ?? '');
  const user = partner?.user ?? channel ?? dialled ?? hint;
  return { userId: sized(user, 64), deviceId: '', extension: sized(partner?.user ?? dialled ?? user, 64) };
}

function callRef(mediaNode: string, callId: string, headers: EslHeaders): CallRef {
  const outbound = headers.get('Call-Direction') === 'outbound';
  const name = outbound
    ? ''
    : (headers.get('Caller-Orig-Caller-ID-Name') ?? headers.get('Caller-Caller-ID-Name') ?? '');
  const number = headers.get('Caller-Caller-ID-Number') ?? '';
  // What is not kept cannot be shown: by lamps, notices, recalls, or to whoever fetches the call.
  const hides = outbound ? { name: false, number: false } : withheld(headers);
  return {
    mediaNode,
    callId,
    callerName: hides.name ? WITHHELD_NAME : sized(name.replace(/\p{Cc}/gu, ' '), 128),
    callerNumber: hides.number ? '' : sized(number.replace(/\p{Cc}/gu, ''), 64),
    direction: outbound ? Direction.OUTBOUND : Direction.INBOUND,
    sipCallId: sized(headers.get('variable_sip_call_id') ?? '', 256),
  };
}

function userOf(headers: EslHeaders): string {
  const known = headers.get('variable_sip_authorized') === 'true' ? headers.get('variable_user_name') : undefined;
  return sized(known ?? headers.get('Caller-Username') ?? '', 64);
}

function userOfUri(text: string): string {
  return /sips?:([^@;>]+)@/.exec(text)?.[1] ?? '';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function sized(text: string, max: number): string {
  return text.slice(0, max);
}
