import type { Random, Clock } from '@parkade/clock';
import type { GatewayDeps } from '@parkade/gateway';
import { NodeClients, RoutedPhones } from '@parkade/media';
import type { Log, Security } from '@parkade/rpc';

/** How a gateway rings phones for calls that the cluster connects: through the owners of their media nodes. */
export function mediaPhones(deps: {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly security?: Security | undefined;
}): NonNullable<GatewayDeps['phones']> {
  const { clock, random, log, security } = deps;
  return (owners) => new RoutedPhones(new NodeClients(owners, clock, security?.peers), random, log);
}
