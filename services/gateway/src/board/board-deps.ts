import type { Clock } from '@parkade/clock';
import type { Authenticator } from '@parkade/identity';
import type { Actor, GetParkRequest, GetParkResponse, WatchSlotsRequest } from '@parkade/proto';
import type { LotOf, Refused } from '@parkade/rpc';
import type { PublicAnswer, PublicCommand } from '../commands/public-command.js';
import type { Phones, Settings } from '../ports.js';
import type { WatchSink } from '../watch/watcher.js';
import type { ClusterWatch } from './cluster-watch.js';

/** What the park board works with. */
export interface BoardDeps {
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  /** Undefined when the tenant exists (or was made), else why not. */
  readonly tenant: (tenantId: string) => undefined | Promise<undefined | Refused>;
  /** Runs a request's work unless there is too much to do, or the process is shutting down. */
  readonly run: <T>(work: () => Promise<T | Refused>) => Promise<T | Refused>;
  /** Begins a watch of an existing tenant; what ends it. */
  readonly watch: (request: WatchSlotsRequest, sink: WatchSink) => (() => void) | Refused;
  /** `by`: who asks, for the audit. */
  readonly execute: (command: PublicCommand, by: Actor | undefined) => Promise<PublicAnswer | Refused>;
  /** A park, as `GetPark` answers it. */
  readonly getPark: (request: GetParkRequest) => Promise<GetParkResponse | Refused>;
  readonly lotOf: LotOf;
  /** Undefined: this gateway rings nobody. */
  readonly phones: Pick<Phones, 'fetch'> | undefined;
  readonly settings: Pick<Settings, 'tenant' | 'onChange'>;
  readonly cluster: ClusterWatch;
}
