import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { encodeEvent, NO_TOKEN, SYNCED } from './encoded.js';
import type { ResumeToken } from './resume-token.js';
import type { FeedListener, ShardFeed } from './shard-feed.js';
import type { Scope, SlotEntry } from './shard-image.js';
import type { TokenWriter } from './token-writer.js';

/** Where a watcher's messages go. */
export interface WatchSink {
  /** False: full; write no more until `drained`. */
  write(message: Uint8Array): boolean;
  drained(listener: () => void): void;
  end(refused: Refused): void;
}

export interface WatcherDeps {
  readonly sink: WatchSink;
  readonly nowMs: () => number;
  /** Of all watchers of the process. */
  readonly tokens: TokenWriter;
  /** Asks to be flushed at the end of this turn. */
  readonly dirty: (watcher: Watcher) => void;
}

/** With more shards than this a token is renewed at most once a second: it grows by 8 bytes a shard. */
const CHEAP_TOKEN_SHARDS = 4;
const TOKEN_EVERY_MS = 1_000;

/**
 * One client's watch.
 *
 *   V1. Of each slot only the latest state waits to be sent: memory is bounded by the slots of its scope, and by `maxPending`.
 *   V2. What is sent of a slot is never older than what was sent before (each feed tells rising revisions), resets aside.
 *   V3. A token says only what was sent: it is made when nothing waits.
 *   V4. `synced` is said when every shard of the scope was read, its shards were looked for, and nothing waits.
 *   V5. While it is open whether a token can be served nothing is sent, so a client is not told of changes and then to forget
 *       everything.
 */
export class Watcher implements FeedListener {
  /** Joined feeds, by shard. */
  readonly #joined = new Map<number, ShardFeed>();
  readonly #pending = new Map<string, SlotEntry>();
  /** Shards being read. */
  readonly #joining = new Set<number>();
  readonly #ends: (() => void)[] = [];
  #searching = false;
  #resume: ResumeToken | undefined;
  #resetCause: string | undefined;
  #token: Uint8Array = NO_TOKEN;
  #tokenAtMs = -Infinity;
  #syncedAtMs = -Infinity;
  #synced = false;
  #full = false;
  #ended = false;

  constructor(
    readonly scope: Scope,
    private readonly tokenScope: number,
    resume: ResumeToken | undefined,
    resetCause: string | undefined,
    private readonly maxPending: number,
    private readonly deps: WatcherDeps,
  ) {
    this.#resume = resume;
    this.#resetCause = resetCause;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** When `synced` was said last, wall ms. */
  get syncedAtMs(): number {
    return this.#syncedAtMs;
  }

  /** Whether shards of the scope are being looked for, or read. */
  get #isJoining(): boolean {
    return this.#searching || this.#joining.size > 0;
  }

  has(shard: number): boolean {
    return this.#joined.has(shard) || this.#joining.has(shard);
  }

  /** Shards are being looked for that the scope may have as well: until then it is not complete. Must not reject. */
  awaits(search: Promise<void>): void {
    this.#searching = true;
    void search.then(() => {
      this.#searching = false;
      this.deps.dirty(this);
    });
  }

  /** Reads a shard, then follows it. */
  async join(feed: ShardFeed): Promise<void> {
    this.#joining.add(feed.shard);
    // A watch that ends waits no more: of a shard without an owner others would wait for as long as there is none.
    const live = await new Promise<boolean>((resolve) => {
      this.#ends.push(feed.live(resolve), () => resolve(false));
    });
    const after = this.#resume?.revisions.get(feed.shard);
    const complete = after === undefined || (await feed.completeSince(after));
    if (this.#ended || !live) return;
    // Nothing may come between reading the image and listening (F2), so no `await` from here on.
    this.#joining.delete(feed.shard);
    this.#joined.set(feed.shard, feed);
    this.#ends.push(feed.listen(this));
    if (complete) this.#read(feed);
    else this.#reset('The changes since this token are not kept any more.');
    if (this.#pending.size > this.maxPending) this.end(tooMuch());
    this.deps.dirty(this);
  }

  changed(entry: SlotEntry): void {
    this.#pending.set(entry.key, entry);
    if (this.#pending.size > this.maxPending) this.end(tooMuch());
    this.deps.dirty(this);
  }

  /** Sends what waits, as far as the client takes it. */
  flush(): void {
    if (this.#ended || this.#full || (this.#resume !== undefined && this.#isJoining)) return;
    if (this.#resetCause !== undefined) {
      const cause = this.#resetCause;
      this.#resetCause = undefined;
      this.#token = NO_TOKEN;
      if (!this.#write(encodeEvent({ $case: 'reset', value: { cause } }))) return;
    }
    for (const [key, { event }] of this.#pending) {
      this.#pending.delete(key);
      if (this.#pending.size === 0) this.#renewToken(false);
      if (!this.#write(event)) return;
    }
    if (!this.#synced && !this.#isJoining) this.sync();
  }

  /** Says that everything was sent, with a token that is good from here on; nothing when that is not so just now (V4). */
  sync(): void {
    if (this.#ended || this.#full || this.#isJoining || this.#pending.size > 0) return;
    this.#synced = true;
    this.#syncedAtMs = this.deps.nowMs();
    this.#resume = undefined;
    this.#renewToken(true);
    this.#write(SYNCED);
  }

  /** Ends the watch; with a reason the client is told. Idempotent. */
  end(refused: Refused | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pending.clear();
    for (const end of this.#ends) end();
    if (refused !== undefined) this.deps.sink.end(refused);
  }

  /** Puts what the client has not seen of a shard in line. */
  #read(feed: ShardFeed): void {
    const after = this.#resume?.revisions.get(feed.shard);
    for (const entry of feed.image.entries(this.scope, after ?? 0, after !== undefined)) {
      this.#pending.set(entry.key, entry);
    }
  }

  /** The client begins anew. */
  #reset(cause: string): void {
    this.#resume = undefined;
    this.#resetCause = cause;
    this.#pending.clear();
    for (const feed of this.#joined.values()) this.#read(feed);
  }

  /** Takes the token of this moment, if everything up to it was read (V3): all but the message about to be written was sent. */
  #renewToken(now: boolean): void {
    const atMs = this.deps.nowMs();
    const cheap = this.#joined.size <= CHEAP_TOKEN_SHARDS || atMs - this.#tokenAtMs >= TOKEN_EVERY_MS;
    if (this.#isJoining || !(now || (this.#synced && cheap))) return;
    this.#tokenAtMs = atMs;
    const revisions = new Map([...this.#joined].map(([shard, { image }]) => [shard, image.revision]));
    this.#token = this.deps.tokens.token(this.tokenScope, atMs, revisions);
  }

  #write(event: Uint8Array): boolean {
    if (this.deps.sink.write(this.deps.tokens.message(event, this.#token))) return true;
    this.#full = true;
    this.deps.sink.drained(() => {
      this.#full = false;
      this.deps.dirty(this);
    });
    return false;
  }
}

function tooMuch(): Refused {
  const message =
    'More slots wait to be sent than are kept for one watch: read faster and go on with the last resume token, or watch one lot.';
  return new Refused(Reason.OVERLOADED, message);
}
