import { type Clock, SystemClock } from '@parkade/clock';
import type { ParkServiceClient } from '@parkade/proto';
import type { Command } from 'commander';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, FLAGS } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';
import { commandFailure, openParkClient } from './park-client.js';

const MAX_TIMEOUT_MS = 60_000;

/** What every command that talks to a gateway has at hand. */
export interface ClientContext {
  readonly client: ParkServiceClient;
  /** `host:port` of the gateway. */
  readonly address: string;
  readonly tenantId: string;
  readonly timeoutMs: number;
  readonly json: boolean;
  readonly output: Output;
  readonly clock: Clock;
}

/** Adds the flags every such command has. */
export function addClientFlags(command: Command): Command {
  return addFlags(command, FLAGS.tenant, FLAGS.gateway, FLAGS.timeout, FLAGS.json);
}

/**
 * Runs a command against a gateway: `read` reads its own flags (faults are reported together with the common ones), `act` acts
 * with what was read. Failed calls become `CommandFailure`.
 */
export async function runClient<Own>(
  values: Readonly<Record<string, unknown>>,
  output: Output,
  read: (reader: FlagReader) => Own,
  act: (context: ClientContext, own: Own) => Promise<void>,
): Promise<void> {
  const reader = new FlagReader(values);
  const address = reader.address('gateway');
  const tenantId = reader.required('tenant', 'the tenant');
  const timeoutMs = reader.time('timeout', 1, MAX_TIMEOUT_MS, 5_000);
  const json = reader.boolean('json', false);
  const own = read(reader);
  reader.check();
  const client = openParkClient(address);
  try {
    await act({ client, address, tenantId, timeoutMs, json, output, clock: new SystemClock() }, own);
  } catch (error) {
    throw commandFailure(error, address);
  } finally {
    client.close();
  }
}
