import { ManualClock, SeededRandom } from '@parkade/clock';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { EslDecoder } from './decoder.js';
import type { EslEvent } from './event.js';
import { OutboundServer } from './outbound-server.js';
import type { OutboundEnd } from './outbound-line.js';
import type { CommandResult } from './outcome.js';
import { recordedCommands, replaySwitch } from './testing/replay.js';
import { readTranscript, transcriptNames } from './testing/transcripts.js';

const replayable = transcriptNames()
  .map(readTranscript)
  .filter((transcript) => recordedCommands(transcript)[0]?.line === 'connect');

function answered(result: CommandResult): string {
  if (result.ok) return result.reply.text;
  return result.reason === 'refused' ? result.text : result.reason;
}

describe('called by a fake FreeSWITCH over loopback, the session hears what was recorded', () => {
  test.each(replayable.map((transcript) => [transcript.name, transcript] as const))('%s', async (name, transcript) => {
    const frames = new EslDecoder().push(transcript.s2c).frames;
    const clock = new ManualClock();
    const events: EslEvent[] = [];
    const faults: unknown[] = [];
    let end: OutboundEnd | undefined;
    let results: CommandResult[] = [];
    let uuid: string | undefined;
    const heard = new Promise<void>((resolve) => {
      const server = new OutboundServer(
        { host: '127.0.0.1', port: 0 },
        {
          clock,
          random: new SeededRandom(1),
          handler: {
            onCall: async (session) => {
              uuid = session.channelUuid;
              session.listen((event) => events.push(event));
              const commands = recordedCommands(transcript).slice(1);
              results = await Promise.all(commands.map((command) => session.command(command)));
              end = await session.ended;
              await server.close();
              resolve();
            },
            onTurnedAway: (reason) => faults.push(reason),
            onFault: (error) => faults.push(error),
          },
        },
      );
      void server.listen().then((port) => replaySwitch(connect(port, '127.0.0.1'), transcript));
    });
    await heard;

    expect(faults).toEqual([]);
    const replies = frames.flatMap((frame) =>
      frame.kind === 'command-reply' || frame.kind === 'api-response' ? [frame] : [],
    );
    expect(uuid).toBe(replies[0]?.kind === 'command-reply' ? replies[0].headers.get('Unique-ID') : '');
    const expected = replies.slice(1).map(({ text }) => (text.startsWith('-ERR') ? text.trimEnd() : text));
    while (expected.length < results.length) expected.push('down');
    expect(results.map(answered)).toEqual(expected);
    const recorded = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.event] : []));
    expect(JSON.stringify(events)).toBe(JSON.stringify(recorded));
    const goodbye = frames.some((frame) => frame.kind === 'disconnect-notice');
    expect([name, end]).toEqual([
      name,
      goodbye ? { kind: 'hangup' } : { kind: 'connection-broke', cause: { reason: 'eof', midFrame: false } },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});
