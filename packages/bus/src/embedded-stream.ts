import type { Clock } from '@parkade/clock';
import type { BusMessage, StreamSpec } from './bus.js';
import type { StreamFile } from './bus-directory.js';
import { RecentIds } from './recent-ids.js';

/** At most so many ids are remembered a stream; beyond it the oldest go early, and the duplicate window is shorter. */
export const MAX_REMEMBERED_IDS = 262_144;
/** What a message costs beside its payload, subject and id; counted against `maxBytes`. */
const OVERHEAD_BYTES = 64;

interface Entry {
  readonly message: BusMessage;
  readonly storedMs: number;
  readonly storedWallMs: number;
  readonly bytes: number;
  gone: boolean;
}

/**
 * What one stream of the embedded bus keeps.
 *
 *   S1. Sequences rise by one for each stored message, from 1, and are never used twice until `wipe`.
 *   S2. What is kept is at most `maxBytes` and at most `maxAgeMs` old; the oldest goes first.
 *   S3. A `last-value` stream keeps one message a subject, and its versions only rise while it is kept.
 *   S4. An id seen within the duplicate window is not stored again.
 *   S5. With a file, what is kept here is kept there, and a stream made again from it goes on with its sequences and its identity.
 */
export class EmbeddedStream {
  /** Counts the wipes, so that a reader knows that sequences began anew. */
  incarnation = 0;
  /** In order of sequence; entries that are gone stay until they are half of the array. */
  #entries: Entry[] = [];
  /** Everything before this index is gone. */
  #head = 0;
  #gone = 0;
  #bytes = 0;
  #sequence = 0;
  readonly #lastBySubject = new Map<string, Entry>();
  readonly #ids = new RecentIds(MAX_REMEMBERED_IDS);
  readonly #clock: Clock;
  #identity: string;

  constructor(
    public spec: StreamSpec,
    clock: Clock,
    private readonly file?: StreamFile,
  ) {
    this.#clock = clock;
    this.#identity = `${spec.name.slice(0, 20)}-${clock.nowMs()}`;
    if (file === undefined) return;
    const kept = file.load();
    if (kept === undefined) {
      file.begin(this.#identity);
      return;
    }
    this.#identity = kept.identity;
    for (const { message, storedWallMs } of kept.messages) this.#restore(message, storedWallMs);
    this.#sequence = kept.lastSequence;
  }

  /** Which stream this is: another one once it was wiped. */
  get identity(): string {
    return `${this.#identity}.${this.incarnation}`;
  }

  /** The sequence of the newest message ever stored since the last wipe; 0 where there was none. */
  get lastSequence(): number {
    return this.#sequence;
  }

  /** Bytes kept, each message with its share of bookkeeping. */
  get bytes(): number {
    this.#expire();
    return this.#bytes;
  }

  /** Stores an event, unless its id was stored within the window. Says whether it did. */
  append(subject: string, payload: Uint8Array, id: string): boolean {
    this.#expire();
    if (this.#ids.has(id)) return false;
    this.#ids.add(id, this.#clock.monotonicMs());
    this.#store({ subject, payload: payload.slice(), id, sequence: ++this.#sequence });
    return true;
  }

  /** Stores a last value, unless the same or a higher version is kept. Says whether it did. */
  replace(subject: string, payload: Uint8Array, version: number): boolean {
    const standing = this.last(subject);
    if (standing?.version !== undefined && standing.version >= version) return false;
    this.#store({ subject, payload: payload.slice(), version, sequence: ++this.#sequence });
    return true;
  }

  /** The newest kept message of a subject. */
  last(subject: string): BusMessage | undefined {
    this.#expire();
    return this.#lastBySubject.get(subject)?.message;
  }

  /** Whether `message` is the newest kept one of its subject. */
  isLast(message: BusMessage): boolean {
    return this.#lastBySubject.get(message.subject)?.message === message;
  }

  /** Up to `limit` kept messages after sequence `after` that `wanted` takes, and where to go on from. */
  read(
    after: number,
    limit: number,
    wanted: (message: BusMessage, storedWallMs: number) => boolean,
  ): { found: BusMessage[]; next: number } {
    this.#expire();
    const found: BusMessage[] = [];
    let next = this.#sequence;
    for (let i = this.#firstAfter(after); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry === undefined || entry.gone || !wanted(entry.message, entry.storedWallMs)) continue;
      if (found.length === limit) {
        next = entry.message.sequence - 1;
        break;
      }
      found.push(entry.message);
    }
    return { found, next };
  }

  /** Forgets everything, ids and sequences as well, as a bus does whose disk was lost. */
  wipe(): void {
    this.incarnation += 1;
    this.#entries = [];
    this.#lastBySubject.clear();
    this.#ids.clear();
    this.#head = this.#gone = this.#bytes = this.#sequence = 0;
    this.file?.wipe();
  }

  #store(message: BusMessage): void {
    const storedWallMs = this.#clock.nowMs();
    this.file?.put(message, storedWallMs);
    this.#keep(message, this.#clock.monotonicMs(), storedWallMs);
    this.#expire();
  }

  /** Takes in what the file holds, as old as it is. */
  #restore(message: BusMessage, storedWallMs: number): void {
    const ageMs = Math.max(0, this.#clock.nowMs() - storedWallMs);
    const storedMs = this.#clock.monotonicMs() - ageMs;
    if (message.id !== undefined && !this.#ids.has(message.id)) this.#ids.add(message.id, storedMs);
    this.#keep(message, storedMs, storedWallMs);
  }

  #keep(message: BusMessage, storedMs: number, storedWallMs: number): void {
    const bytes = message.payload.byteLength + message.subject.length + (message.id?.length ?? 0) + OVERHEAD_BYTES;
    const entry: Entry = { message, storedMs, storedWallMs, bytes, gone: false };
    const standing = this.#lastBySubject.get(message.subject);
    if (this.spec.kind === 'last-value' && standing !== undefined) this.#drop(standing);
    this.#entries.push(entry);
    this.#bytes += bytes;
    this.#lastBySubject.set(message.subject, entry);
  }

  /** Drops what is too old or too much (S2) and ids past the window (S4). The newest message always stays. */
  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#ids.expire(nowMs - this.spec.duplicateWindowMs);
    for (; this.#head < this.#entries.length; this.#head++) {
      const entry = this.#entries[this.#head];
      if (entry === undefined || entry.gone) continue;
      const tooOld = this.spec.maxAgeMs > 0 && nowMs - entry.storedMs >= this.spec.maxAgeMs;
      const tooMuch = this.#bytes > this.spec.maxBytes && this.#head < this.#entries.length - 1;
      if (!tooOld && !tooMuch) break;
      this.#drop(entry);
    }
    if (this.#gone > 64 && this.#gone > this.#entries.length / 2) {
      this.#entries = this.#entries.filter((entry) => !entry.gone);
      this.#head = this.#gone = 0;
    }
  }

  #drop(entry: Entry): void {
    entry.gone = true;
    this.file?.remove(entry.message.sequence);
    this.#gone += 1;
    this.#bytes -= entry.bytes;
    const { subject } = entry.message;
    if (this.#lastBySubject.get(subject) === entry) this.#lastBySubject.delete(subject);
  }

  /** Index of the first entry, kept or gone, whose sequence is above `after`. */
  #firstAfter(after: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.message.sequence <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
