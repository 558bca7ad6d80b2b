import type { Action } from '../calls/channel.js';

/** The numbers of the machine that the recordings were made on. */
export function recordedDialplan(outboundPort: number): (destination: string) => readonly Action[] | undefined {
  const socket: Action = ['socket', `127.0.0.1:${outboundPort} async full`];
  const numbers: Readonly<Record<string, readonly Action[]>> = {
    5000: [
      ['answer', ''],
      ['park', ''],
    ],
    5008: [
      ['answer', ''],
      ['set', 'park_timeout=3'],
      ['park', ''],
    ],
    5009: [['park', '']],
    5010: [socket],
    5012: [['set', 'socket_resume=true'], socket, ['park', '']],
    5030: [
      ['sleep', '%[parkade_arrived=true]1000'],
      ['park', ''],
    ],
    5020: [
      ['answer', ''],
      ['playback', '{loops=-1}tone_stream://%(250,0,800)'],
    ],
  };
  return (destination) =>
    /^100\d$/.test(destination)
      ? [
          ['set', 'hangup_after_bridge=true'],
          ['bridge', `sofia/internal/${destination}@127.0.0.1:51001`],
        ]
      : numbers[destination];
}
