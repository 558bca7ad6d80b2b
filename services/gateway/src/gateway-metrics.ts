import { lasting, type Queue, type Registry, watchQueues } from '@parkade/telemetry';

/** What of a running gateway is read at each scrape. */
export interface GatewayState {
  readonly watchers: () => number;
  readonly feeds: () => number;
  readonly commandStreams: () => number;
  /** Owners it has a link to. */
  readonly links: () => number;
  /** Shards with an owner, as far as it knows. */
  readonly servedShards: () => number;
  readonly shardCount: number;
  readonly queues: readonly Queue[];
}

/** Adds what a gateway measures besides its RPCs. Once. */
export function watchGateway(registry: Registry, state: GatewayState): void {
  lasting(registry, [
    { name: 'parkade_watchers', help: 'Watches of slots that are open at this gateway.', read: state.watchers },
    { name: 'parkade_watch_feeds', help: 'Shards this gateway follows for its watchers.', read: state.feeds },
    { name: 'parkade_command_streams', help: 'Commands streams that are open.', read: state.commandStreams },
    { name: 'parkade_owner_links', help: 'Owners this gateway has a stream to.', read: state.links },
    {
      name: 'parkade_shards_unowned',
      help: 'Shards that have no owner, as far as this gateway knows; above 0 for long, their slots are not served.',
      read: () => state.shardCount - state.servedShards(),
      least: true,
    },
  ]);
  watchQueues(registry, state.queues);
}
