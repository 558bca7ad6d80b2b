import { type Clock, SystemClock } from '@parkade/clock';
import type { ParkServiceClient } from '@parkade/proto';
import type { Command } from 'commander';
import type { PeerChannel } from '@parkade/rpc';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, FLAGS } from '../flags/flags.js';
import { CLIENT_SECURITY_FLAGS } from '../flags/security-flags.js';
import type { Output } from '../terminal/output.js';
import { channelOf, readClientIdentity } from './client-identity.js';
import { commandFailure, openParkClient } from './park-client.js';

const MAX_TIMEOUT_MS = 60_000;

/** What every command that talks to a service has at hand; a gateway unless it says otherwise. */
export interface ClientContext<Client = ParkServiceClient> {
  readonly client: Client;
  /** `host:port` of the service. */
  readonly address: string;
  readonly tenantId: string;
  readonly timeoutMs: number;
  readonly json: boolean;
  readonly output: Output;
  readonly clock: Clock;
}

/** Adds the flags every such command has. */
export function addClientFlags(command: Command): Command {
  return addFlags(command, FLAGS.tenant, FLAGS.gateway, ...CLIENT_SECURITY_FLAGS, FLAGS.timeout, FLAGS.json);
}

/** What every gRPC client can do. */
interface Connecting {
  waitForReady(deadline: number, callback: (error?: Error) => void): void;
  close(): void;
}

/** A kind of process that clients talk to. */
export interface Service<Client extends Connecting> {
  /** Its flag. */
  readonly flag: 'gateway' | 'recall';
  /** As people call it. */
  readonly name: string;
  readonly open: (address: string, channel: PeerChannel) => Client;
}

const GATEWAY: Service<ParkServiceClient> = { flag: 'gateway', name: 'gateway', open: openParkClient };

/**
 * Runs a command against a gateway: `read` reads its own flags (faults are reported together with the common ones), `act` acts
 * with what was read. Failed calls become `CommandFailure`.
 */
export function runClient<Own>(
  values: Readonly<Record<string, unknown>>,
  output: Output,
  read: (reader: FlagReader) => Own,
  act: (context: ClientContext, own: Own) => Promise<void>,
): Promise<void> {
  return runClientOf(GATEWAY, values, output, read, act);
}

/** The same against another kind of process. */
export async function runClientOf<Client extends Connecting, Own>(
  service: Service<Client>,
  values: Readonly<Record<string, unknown>>,
  output: Output,
  read: (reader: FlagReader) => Own,
  act: (context: ClientContext<Client>, own: Own) => Promise<void>,
): Promise<void> {
  const reader = new FlagReader(values);
  const address = reader.address(service.flag);
  const tenantId = reader.required('tenant', 'the tenant');
  const timeoutMs = reader.time('timeout', 1, MAX_TIMEOUT_MS, 5_000);
  const json = reader.boolean('json', false);
  const identity = readClientIdentity(reader);
  const own = read(reader);
  reader.check();
  const client = service.open(address, await channelOf(identity));
  try {
    await connected(client, timeoutMs);
    await act({ client, address, tenantId, timeoutMs, json, output, clock: new SystemClock() }, own);
  } catch (error) {
    throw commandFailure(error, address, service);
  } finally {
    client.close();
  }
}

/**
 * Waits until somebody answers, or the time is over: a process that is just being started is waited for. That nobody does is for the
 * call itself to say, as it knows why.
 */
function connected(client: Connecting, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => client.waitForReady(Date.now() + timeoutMs, () => resolve()));
}
