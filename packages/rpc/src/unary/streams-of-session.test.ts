import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { FleetingMap } from '@parkade/clock';
import { expect, it } from 'vitest';
import { letStreamsGo } from './streams-of-session.js';

it('keeps the streams of a session in a map that lets them go, and ends those that are open with their session', async () => {
  const server = createServer();
  letStreamsGo(server);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond();
    if (headers[':path'] === '/ends') stream.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const opened = once(server, 'session') as Promise<[ServerHttp2Session]>;
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => undefined);
  try {
    const [session] = await opened;
    for (let i = 0; i < 50; i++) {
      const ended = client.request({ ':path': '/ends' }).resume();
      await once(ended, 'close');
    }
    const open = client.request({ ':path': '/stays' }).resume();
    open.on('error', () => undefined);
    await once(open, 'response');
    // A Node that keeps them elsewhere is told here: `letStreamsGo` does nothing then.
    const streams = streamsOf(session);
    if (!(streams instanceof FleetingMap)) throw new Error('the session keeps its streams elsewhere');
    await expect.poll(() => streams.size).toBe(1);
    const closed = once(open, 'close');
    session.destroy();
    await closed;
    await expect.poll(() => streams.size).toBe(0);
  } finally {
    client.destroy();
    server.close();
  }
});

function streamsOf(session: ServerHttp2Session): unknown {
  for (const symbol of Object.getOwnPropertySymbols(session)) {
    const held = (session as unknown as Record<symbol, unknown>)[symbol];
    if (typeof held === 'object' && held !== null && 'pendingStreams' in held && 'streams' in held) return held.streams;
  }
  return undefined;
}
