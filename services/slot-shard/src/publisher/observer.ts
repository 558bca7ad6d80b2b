/** Told what the publisher does, for metrics. Must not throw. */
export interface PublisherObserver {
  /** Something was stored, so many ms (wall time) after its transition happened. */
  published(what: 'event' | 'lamp', lagMs: number): void;
  /** The bus did not answer (it is tried again), or refused it as wrong (it is dropped). */
  failed(why: 'unavailable' | 'refused'): void;
  /** A shard fell behind; so many transitions were dropped from memory. */
  lagging(shard: number, dropped: number): void;
  noticeDropped(): void;
}

export const silentObserver: PublisherObserver = {
  published: () => undefined,
  failed: () => undefined,
  lagging: () => undefined,
  noticeDropped: () => undefined,
};
