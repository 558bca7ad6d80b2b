import { connect, NatsError } from 'nats';
import type { TlsOptions } from 'nats';
import { BusError } from '../bus.js';
import { parseNatsAddress } from '../open-bus.js';
import { connectionOptions } from './options.js';
import { API } from './session.js';

/**
 * Removes streams with all that is in them, and tells which were there. For a cluster whose store was put back to a backup: what was
 * published after it must not stand. Whoever publishes makes them anew. `address` as for `openBus`. Rejects with `unavailable` where
 * NATS does not answer.
 */
export async function removeStreams(
  address: string,
  names: readonly string[],
  tls?: TlsOptions,
): Promise<readonly string[]> {
  const options = { ...parseNatsAddress(address), ...(tls === undefined ? {} : { tls }) };
  let connection;
  try {
    connection = await connect(connectionOptions(options));
  } catch (error) {
    throw new BusError('unavailable', `no NATS answers (${error instanceof Error ? error.message : String(error)})`);
  }
  try {
    const manager = await connection.jetstreamManager();
    const removed: string[] = [];
    for (const name of names) {
      try {
        if (await manager.streams.delete(name)) removed.push(name);
      } catch (error) {
        if (!(error instanceof NatsError) || error.api_error?.err_code !== API.streamNotFound) throw error;
      }
    }
    return removed;
  } finally {
    await connection.close();
  }
}
