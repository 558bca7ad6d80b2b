import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { SlotRecord } from '@parkade/proto';
import { decodeRecord } from '@parkade/slots';
import { prefixRange, type Store, type WatchEvent, type WatchHandlers } from '@parkade/store';
import type { Committed } from './shard-queue.js';

export interface HistoryRequest {
  readonly shard: number;
  /** The first revision wanted. */
  readonly fromRevision: number;
  /** Stops once this many were told, at the end of a revision. */
  readonly maxRecords: number;
  /** Stops after this long. */
  readonly timeoutMs: number;
}

export type HistoryResult =
  /** Everything up to `through` was told; it was the newest when this began. */
  | { readonly kind: 'ok'; readonly through: number }
  /** Everything up to `through` was told, and there is more. */
  | { readonly kind: 'partial'; readonly through: number }
  /** Changes before `compactRevision` are gone; nothing was told. */
  | { readonly kind: 'gap'; readonly compactRevision: number };

/**
 * Reads old records of a shard from the store's history, in revision order, and tells each. Deletions tell nothing: a slot
 * is only deleted when its last transition was published. A record that cannot be decoded is told to `onUndecodable`.
 * Rejects where the store cannot be read (`StoreError`).
 */
export async function replayHistory(
  deps: { readonly store: Store; readonly clock: Clock },
  request: HistoryRequest,
  onRecord: (committed: Committed) => void,
  onUndecodable: (slotKey: string, revision: number) => void = () => undefined,
): Promise<HistoryResult> {
  const { fromRevision } = request;
  const range = prefixRange(keys.slots(request.shard));
  const now = await deps.store.range(range, { keysOnly: true });
  // The newest change that stands is sure to be seen by a watch; it tells where to stop. What is newer comes to the owner.
  const newest = now.kvs.reduce((max, kv) => Math.max(max, kv.modRevision), 0);
  if (newest < fromRevision) return { kind: 'ok', through: Math.max(now.revision, fromRevision - 1) };
  const reading = new Reading(request, newest, now.revision, onRecord, onUndecodable);
  const watch = deps.store.watch(range, fromRevision, reading);
  const timer = deps.clock.setTimer(request.timeoutMs, () => reading.stop());
  try {
    return await reading.result;
  } finally {
    timer.cancel();
    watch.close();
  }
}

/** Takes what the watch tells until it is enough. */
class Reading implements WatchHandlers {
  readonly result: Promise<HistoryResult>;
  #resolve: (result: HistoryResult) => void = () => undefined;
  #ended = false;
  #told = 0;
  #through: number;

  constructor(
    readonly request: HistoryRequest,
    readonly newest: number,
    readonly revision: number,
    readonly onRecord: (committed: Committed) => void,
    readonly onUndecodable: (slotKey: string, revision: number) => void,
  ) {
    this.#through = request.fromRevision - 1;
    this.result = new Promise((resolve) => (this.#resolve = resolve));
  }

  events(events: readonly WatchEvent[]): void {
    for (const group of byRevision(events)) {
      if (this.#ended) return;
      for (const event of group.events) this.#tell(event);
      this.#through = group.revision;
      if (this.#through >= this.newest) this.#end({ kind: 'ok', through: this.revision });
      else if (this.#told >= this.request.maxRecords) this.stop();
    }
  }

  compacted(compactRevision: number): void {
    if (this.#told > 0) this.stop();
    else this.#end({ kind: 'gap', compactRevision });
  }

  /** Ends with what was told so far. */
  stop(): void {
    this.#end({ kind: 'partial', through: this.#through });
  }

  #tell(event: WatchEvent): void {
    if (event.kind === 'delete') return;
    this.#told++;
    const { key, value, modRevision } = event.kv;
    const record = decode(value);
    if (record === undefined) this.onUndecodable(key, modRevision);
    else this.onRecord({ slotKey: key, record, revision: modRevision });
  }

  #end(result: HistoryResult): void {
    this.#ended = true;
    this.#resolve(result);
  }
}

function decode(value: Uint8Array): SlotRecord | undefined {
  try {
    return decodeRecord(value);
  } catch {
    return undefined;
  }
}

function revisionOf(event: WatchEvent): number {
  return event.kind === 'put' ? event.kv.modRevision : event.modRevision;
}

/** Events of one revision stay together: half of a revision is never claimed as read. */
function* byRevision(
  events: readonly WatchEvent[],
): Generator<{ readonly revision: number; readonly events: readonly WatchEvent[] }> {
  let start = 0;
  for (let i = 1; i <= events.length; i++) {
    const first = events[start];
    const next = events[i];
    if (first === undefined || (next !== undefined && revisionOf(next) === revisionOf(first))) continue;
    yield { revision: revisionOf(first), events: events.slice(start, i) };
    start = i;
  }
}
