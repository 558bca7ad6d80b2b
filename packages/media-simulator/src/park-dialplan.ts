import type { Action } from './calls/channel.js';

export interface ParkDialplan {
  /** Whose phones they are: a number of four digits that begins with 1 or 2 is a user of it. */
  readonly domain: string;
  /** Numbers that are slots or codes. */
  readonly codes: RegExp;
  /** `host:port` of each media process, asked for at each call, in the order they are tried. */
  readonly listeners: () => readonly string[];
  /** Where other nodes deliver phones that fetch a call here; absent: nowhere. */
  readonly pickupContext?: string;
}

/** The dial plan that is shipped for FreeSWITCH, with phones beside it. What it answers `undefined` for has no route. */
export function parkDialplan({
  domain,
  codes,
  listeners,
  pickupContext,
}: ParkDialplan): (to: string, context: string) => readonly Action[] | undefined {
  const sockets = (): Action[] => listeners().map((listener) => ['socket', `${listener} async full`]);
  return (to, context) => {
    if (context === pickupContext) {
      return to.startsWith('pickup-') ? [['set', 'socket_resume=true'], ...sockets(), ['hangup', '']] : undefined;
    }
    if (/^[12]\d{3}$/.test(to)) {
      return [
        ['set', 'hangup_after_bridge=true'],
        ['bridge', `user/${to}@${domain}`],
      ];
    }
    if (!codes.test(to)) return undefined;
    return [
      ['set', 'socket_resume=true'],
      ...sockets(),
      ['set', 'parkade_pending=true'],
      ['answer', ''],
      ['endless_playback', 'local_stream://moh'],
    ];
  };
}
