import type { Action, Channel } from './calls/channel.js';

export interface ParkDialplan {
  /** Whose phones they are: a number of four digits that begins with 1 or 2 is a user of it. */
  readonly domain: string;
  /** Numbers that are slots or codes. */
  readonly codes: RegExp;
  /** `host:port` of each media process, asked for at each call, in the order they are tried. */
  readonly listeners: () => readonly string[];
  /** Where other nodes deliver phones that fetch a call here; absent: nowhere. */
  readonly pickupContext?: string;
  /** How long a call waits that nobody takes, before it goes back to its parker, in seconds; the shipped one's: a minute. */
  readonly pendingS?: () => number;
  /** Whether the switch tells whoever controls it of a call before listeners are tried; the shipped one does. */
  readonly tells?: boolean;
}

const PENDING_S = 60;
/** For whoever controls the node to take a call of which it tells. */
const PAUSE_MS = 1_000;

/** The dial plan that is shipped for FreeSWITCH, with phones beside it. What it answers `undefined` for has no route. */
export function parkDialplan({
  domain,
  codes,
  listeners,
  pickupContext,
  pendingS = () => PENDING_S,
  tells = true,
}: ParkDialplan): (to: string, context: string, leg?: Channel) => readonly Action[] | undefined {
  const taken = (): Action[] => [
    ...(tells ? [['sleep', `%[parkade_arrived=true]${PAUSE_MS}`] satisfies Action] : []),
    ...listeners().map((listener) => ['socket', listener] satisfies Action),
  ];
  return (to, context, leg) => {
    if (context === pickupContext) {
      return to.startsWith('pickup-') ? [...taken(), ['hangup', '']] : undefined;
    }
    if (/^[12]\d{3}$/.test(to)) {
      return [
        ['set', 'hangup_after_bridge=true'],
        ['bridge', `user/${to}@${domain}`],
      ];
    }
    if (!codes.test(to)) return undefined;
    // The parked leg may be the one the parker has called.
    const back = leg?.variables.get('pre_transfer_caller_id_number') ?? leg?.profile.rdnis;
    return [
      ['set', 'hangup_after_bridge=true'],
      ...taken(),
      ['set', 'parkade_pending=true'],
      ['answer', ''],
      ['set', `playback_timeout_sec=${pendingS()}`],
      ['playback', 'local_stream://moh'],
      ['set', 'playback_timeout_sec='],
      ['set', 'parkade_pending='],
      ...(back === undefined ? [] : [['transfer', `${back} XML ${context}`] satisfies Action]),
    ];
  };
}
