import type { Clock, Random } from '@parkade/clock';
import { MEDIA_ROLE, NodeClients, RoutedMedia } from '@parkade/media';
import { namedPartitions, OwnerDirectory } from '@parkade/ownership';
import { DEFAULT_LIMITS, type RecallConfig, startRecall } from '@parkade/recall';
import type { Log, Security, Tracer } from '@parkade/rpc';
import type { Store } from '@parkade/store';
import type { Registry } from '@parkade/telemetry';
import type { MediaFile } from '../media/media-file.js';

export interface RecallMemberDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: Registry;
  /** Where its requests are traced; undefined: nowhere. */
  readonly tracer?: Tracer | undefined;
  /** Default: none. */
  readonly security?: Security | undefined;
  /** How users are reached. */
  readonly routed: MediaFile['routed'];
}

/** A recall process with its way to the owners of media nodes. */
export interface RecallMember {
  readonly address: string;
  /** Hands everything over within `graceMs`, then stops. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts to bring calls back, through the owners of their media nodes. */
export async function startRecallMember(
  config: Omit<RecallConfig, 'limits'>,
  shardCount: number,
  deps: RecallMemberDeps,
): Promise<RecallMember> {
  const { store, clock, random, log, registry, routed, security, tracer } = deps;
  const report = (what: string, error: unknown): void => log.warn(`media-owners-${what}`, { error });
  const owners = new OwnerDirectory<string>(
    namedPartitions(MEDIA_ROLE, () => []),
    { store, clock, random, report },
  );
  await owners.start();
  const clients = new NodeClients(owners, clock, security?.peers);
  const media = new RoutedMedia(routed, clients, clock, log);
  const closeMedia = (): void => {
    media.close();
    clients.close();
    owners.close();
  };
  try {
    const recall = await startRecall({ ...config, limits: DEFAULT_LIMITS }, shardCount, {
      ...{ store, clock, random, log, media, security, tracer },
      metrics: { registry },
    });
    return {
      address: recall.address,
      drain: (graceMs) => recall.drain(graceMs).finally(closeMedia),
      close: () => recall.close().finally(closeMedia),
    };
  } catch (error) {
    closeMedia();
    throw error;
  }
}
