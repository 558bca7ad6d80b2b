import { ManualClock, SeededRandom } from '@parkade/clock';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { EslDecoder } from './decoder.js';
import { InboundConnection } from './inbound-connection.js';
import type { CommandResult } from './outcome.js';
import { eventually } from './testing/eventually.js';
import { RecordingListener } from './testing/recording-listener.js';
import { recordedCommands, replaySwitch } from './testing/replay.js';
import { readTranscript, transcriptNames } from './testing/transcripts.js';

/** Recordings that begin as our own connection does: password, then one subscription, both taken. */
const replayable = transcriptNames()
  .map(readTranscript)
  .filter((transcript) => {
    const [auth, event] = recordedCommands(transcript);
    const [, , reply] = new EslDecoder().push(transcript.s2c).frames;
    const taken = reply?.kind === 'command-reply' && reply.text.startsWith('+OK event listener enabled');
    return auth?.line === 'auth ClueCon' && event?.line.startsWith('event ') === true && taken;
  });

function answered(result: CommandResult): string {
  if (result.ok) return result.reply.text;
  return result.reason === 'refused' ? result.text : result.reason;
}

describe('played by a fake FreeSWITCH over loopback, the connection hears what was recorded', () => {
  test.each(replayable.map((transcript) => [transcript.name, transcript] as const))('%s', async (name, transcript) => {
    const frames = new EslDecoder().push(transcript.s2c).frames;
    const server = createServer((socket) => void replaySwitch(socket, transcript));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clock = new ManualClock();
    const listener = new RecordingListener();
    const { port } = server.address() as AddressInfo;
    const connection = new InboundConnection(
      { host: '127.0.0.1', port, password: 'ClueCon', subscription: { events: ['BACKGROUND_JOB'] } },
      { clock, random: new SeededRandom(1), listener, mayWrite: () => true },
    );
    const stop = new AbortController();
    const run = connection.run(stop.signal);
    await eventually(() => listener.heard.length > 0);
    const results = await Promise.all(
      recordedCommands(transcript)
        .slice(2)
        .map((command) => connection.command(command)),
    );
    await eventually(() => listener.downs.length > 0);
    stop.abort();
    await run;
    server.close();

    const replies = frames.flatMap((frame) =>
      frame.kind === 'command-reply' || frame.kind === 'api-response' ? [frame.text] : [],
    );
    const expected = replies.slice(2).map((text) => (/^-(ERR|USAGE)/.test(text) ? text.trimEnd() : text));
    // A switch that went away without a word has not answered its last command.
    while (expected.length < results.length) expected.push('down');
    expect(results.map(answered)).toEqual(expected);
    const events = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.event] : []));
    expect(JSON.stringify(listener.events)).toBe(JSON.stringify(events));
    expect(listener.heard.slice(0, events.length + 2)).toEqual(['up', ...events.map((event) => event.name), 'down']);
    expect(listener.downs[0]).toEqual(downOf(name));
    expect(clock.pendingTimers).toBe(0);
  });
});

function downOf(name: string): unknown {
  if (/^(70b|72)/.test(name)) return { kind: 'node-stopped' };
  if (/^(70|71|73|74-recover.before)/.test(name))
    return { kind: 'connection-broke', cause: { reason: 'eof', midFrame: false } };
  const text = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/';
  return { kind: 'connection-broke', cause: { reason: 'dropped', text } };
}
