import { DEFAULT_ROUTED_MEDIA, MEDIA_ROLE, NodeClients, RoutedMedia } from '@parkade/media';
import { namedPartitions, OwnerDirectory } from '@parkade/ownership';
import type { MediaPort } from '@parkade/recall';
import { TENANT } from './names.js';
import { DOMAIN } from './switches.js';
import type { Member, World } from './world.js';

/** The way of a recall process to phones over the owners of media nodes, as the command line makes it. */
export async function routedMedia(world: World, name: string, { host, store }: Member): Promise<MediaPort> {
  const log = world.trace.log(name);
  const owners = new OwnerDirectory<string>(
    namedPartitions(MEDIA_ROLE, () => []),
    {
      store,
      clock: host.clock,
      random: host.random,
      report: (what, error) => log.warn(`media-owners-${what}`, { error: String(error) }),
    },
  );
  await owners.start();
  const clients = new NodeClients(owners, host.clock, world.network.security(host).peers);
  const config = { ...DEFAULT_ROUTED_MEDIA, domains: { [TENANT]: DOMAIN } };
  return new RoutedMedia(config, clients, host.clock, log);
}
