import { connectionOptions, type NatsOptions, parseNatsAddress } from '@parkade/bus';
import { LAMPS_ASK, LAMPS_FEED } from '@parkade/presence';
import { connect, Events, type Msg, type NatsConnection } from 'nats';
import type { FeedLink } from './feed.js';

/** The pause between two tries to connect, in milliseconds. */
const RETRY_MS = 500;

/** A feed's end of core NATS. */
export interface NatsLink extends FeedLink {
  /** Hears who asks for a replay: of this feed, or (empty) of any. */
  onAsk(listener: (feed: string) => void): void;
  close(): Promise<void>;
}

/**
 * Connects, waiting for a server that is away, and from then on comes back by itself. While the server is away messages are
 * dropped, not queued.
 */
export async function openNatsLink(address: string, tls?: NatsOptions['tls']): Promise<NatsLink> {
  const connection = await connect({
    ...connectionOptions({ ...parseNatsAddress(address), tls, clientName: 'parkade-lamps-feed' }),
    reconnect: true,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
  });
  let connected = true;
  void follow(connection, (up) => (connected = up));
  return {
    onAsk: (listener) => {
      const callback = (error: unknown, message: Msg): void => {
        if (error === null) listener(message.string());
      };
      connection.subscribe(LAMPS_ASK, { callback });
    },
    send: (message) => {
      if (connected && !connection.isClosed()) connection.publish(LAMPS_FEED, JSON.stringify(message));
    },
    taken: async () => {
      if (connected) await connection.flush();
    },
    close: () => connection.close(),
  };
}

async function follow(connection: NatsConnection, onUp: (up: boolean) => void): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === Events.Disconnect) onUp(false);
    if (type === Events.Reconnect) onUp(true);
  }
}
