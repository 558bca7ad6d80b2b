import { constants, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Clock, Random, Timer } from '@parkade/clock';

/** How old the connections of a server become. */
export interface ConnectionAge {
  /** Milliseconds; of each connection up to a tenth more or less, so that those of one moment do not all come back at one moment. */
  readonly ageMs: number;
  /** What is still under way so long after, ms, is cut; default: longer than any command may take. */
  readonly graceMs?: number | undefined;
  readonly random: Random;
  /** Told once of each connection that has come to its age, as `getPeer` of the calls on it names it. */
  readonly aged: (peer: string) => void;
}

const GRACE_MS = 70_000;
const JITTER = 0.1;
/** What a GOAWAY says that leaves every call on the connection as it is: the highest number a stream can have (RFC 9113, 6.8). */
const ALL_STREAMS = 2 ** 31 - 1;

/**
 * Ends connections when they have come to their age, so that clients spread over the servers there are by then.
 *
 *   A1. A client is told (GOAWAY), and makes its next calls on a new connection. What is under way goes on, for `graceMs`.
 *   A2. Of each connection that comes to its age `aged` hears, so that calls without an end of their own can end in good order.
 *
 * The option of grpc-js (`grpc.max_connection_age_ms`) closes the HTTP/2 session as well, and a session that is closed answers no ping: the
 * next keepalive, of either side, finds the connection dropped and cuts every call on it.
 */
export function limitAge(
  servers: Iterable<Http2Server>,
  { ageMs, graceMs, random, aged }: ConnectionAge,
  clock: Clock,
): void {
  for (const server of servers) {
    server.on('session', (session: ServerHttp2Session) => {
      const jitteredMs = ageMs * (1 + JITTER * (2 * random.next() - 1));
      let timer: Timer = clock.setTimer(jitteredMs, () => {
        if (session.closed || session.destroyed) return;
        const { remoteAddress = '', remotePort = 0 } = session.socket;
        session.goaway(constants.NGHTTP2_NO_ERROR, ALL_STREAMS);
        timer = clock.setTimer(graceMs ?? GRACE_MS, () => session.destroy());
        aged(`${remoteAddress}:${remotePort}`);
      });
      session.once('close', () => timer.cancel());
    });
  }
}
