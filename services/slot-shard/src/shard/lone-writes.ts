import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { type CommandAnswer, JournalEntry, Reason, type SlotRecord } from '@parkade/proto';
import { decodeRecord, encodeRecord } from '@parkade/slots';
import type { Compare, KeyValue, Op, Store } from '@parkade/store';
import type { RevisionFloor } from '../commit/revision-floor.js';
import type { Change, Write, WriteSource } from '../commit/write.js';
import { step } from '../machine/index.js';
import type { AcrossTo } from './decide/decision.js';
import type { LiveSlots } from './live-slots.js';
import { answerOf, type Pending, refusalAnswer } from './pending.js';
import { journalled } from './requests.js';
import type { SlotEntry } from './slot-table.js';

/** A store that could not be read is asked again after this. */
const LOOK_AGAIN_MS = 100;

/** The shard, as its lone writes see it. */
export interface LoneWriteHost extends WriteSource {
  readonly live: LiveSlots;
  /** Whether the shard still serves with the slots it had. */
  servesStill(live: LiveSlots): boolean;
  /** A lone write begins, or an own read that must be waited for; each is ended once. */
  beginLone(): void;
  endLone(): void;
  /** `requestId` is being executed by `pending`. */
  executes(pending: Pending, requestId: string): void;
  give(pending: Pending, answer: CommandAnswer): void;
  wait(pending: Pending, entry: SlotEntry): void;
  wake(entry: SlotEntry): void;
  changed(entry: SlotEntry, record: SlotRecord, revision: number): void;
  /** What time does to the slot now. */
  tickChange(entry: SlotEntry): Change | undefined;
}

/**
 * Writes that compare more than the shard's own epoch, and so go in a transaction of their own: both halves of a move between
 * shards.
 *
 *   X1. The move is one transaction under both epochs: it happens at both ends or at neither.
 *   X2. While a slot is held for a move, its owner writes it only by compare with the record it knows, for the move may write it.
 *   X3. A held slot opens only after it was read again from the store, or its hold was ended by such a compare.
 */
export class LoneWrites {
  constructor(
    private readonly host: LoneWriteHost,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly floor: RevisionFloor,
    private readonly timeoutMs: number,
  ) {}

  /** The source's half: writes both records. */
  async moveAcross(
    pending: Pending,
    change: Change,
    to: AcrossTo,
    answer: CommandAnswer,
    requestId: string,
  ): Promise<void> {
    const { host } = this;
    const { name } = to.record;
    if (name === undefined) {
      host.give(pending, refusalAnswer(Reason.INVALID_FIELD, 'The hold names no slot.', { field: 'hold.record.name' }));
      return;
    }
    const toKey = keys.slot(to.shard, name.tenantId, name.lotId, name.slot);
    const compare: Compare[] = [
      { kind: 'mod', key: keys.owner('slot-shard', to.shard), revision: to.epoch },
      { kind: 'mod', key: toKey, revision: to.recordRevision },
    ];
    const puts: Op[] = [{ kind: 'put', key: toKey, value: encodeRecord(to.record) }];
    const write = { source: host, changes: [change], pending, answer, journal: journalled(pending, answer, requestId) };
    const success = [...putsOf(write), ...puts];
    host.live.table.claim(change.entry, undefined);
    host.executes(pending, requestId);
    await this.#commit(write, compare, success, () => {
      const message = 'The destination changed hands while the call was being moved; hold its slot again.';
      change.entry.writing = false;
      host.live.schedule(change.entry);
      host.give(pending, refusalAnswer(Reason.WRONG_STATE, message, { retry: 'hold' }));
      host.wake(change.entry);
    });
  }

  /** The destination's half: reads a held slot again; where the move has not come, ends the hold if it is over or dropped. */
  async settle(entry: SlotEntry, dropMoveId: string | undefined, pending: Pending | undefined): Promise<void> {
    const { host } = this;
    const { live } = host;
    if (entry.writing) {
      if (pending !== undefined) host.wait(pending, entry);
      return;
    }
    entry.writing = true;
    host.beginLone();
    const stored = await this.store.get(entry.key, { timeoutMs: this.timeoutMs }).catch(() => undefined);
    host.endLone();
    if (host.servesStill(live)) {
      entry.writing = false;
      if (stored === undefined) live.schedule(entry, this.clock.nowMs() + LOOK_AGAIN_MS);
      else if (stored.modRevision !== entry.revision) this.#moveCame(entry, stored);
      else await this.#endHold(entry, dropMoveId);
      host.wake(entry);
    }
    if (pending !== undefined) host.give(pending, answerOf(undefined));
  }

  #moveCame(entry: SlotEntry, { value, modRevision }: KeyValue): void {
    const record = decodeRecord(value);
    this.host.live.committed(entry, record, modRevision);
    this.host.changed(entry, record, modRevision);
  }

  async #endHold(entry: SlotEntry, dropMoveId: string | undefined): Promise<void> {
    const { host, clock } = this;
    const change = dropMoveId === undefined ? host.tickChange(entry) : this.#dropped(entry, dropMoveId);
    if (change === undefined) {
      host.live.schedule(entry);
      return;
    }
    const write = { source: host, changes: [change], pending: undefined, answer: undefined, journal: undefined };
    const success = putsOf(write);
    host.live.table.claim(entry, undefined);
    await this.#commit(write, [{ kind: 'mod', key: entry.key, revision: entry.revision }], success, () => {
      // The move came just now: the next look finds it.
      entry.writing = false;
      host.live.schedule(entry, clock.nowMs());
    });
  }

  #dropped(entry: SlotEntry, moveId: string): Change | undefined {
    const { name, revision } = entry;
    const context = { nowMs: this.clock.nowMs(), name, revision, capacity: 1, transferGraceMs: 0 };
    const result = step(entry.record, { kind: 'drop-hold', moveId }, context);
    return result.kind === 'apply' ? { entry, record: result.record } : undefined;
  }

  /** `mismatch`: this shard is ours still, but another compare failed; nothing was written. */
  async #commit(write: Write, compare: readonly Compare[], puts: readonly Op[], mismatch: () => void): Promise<void> {
    const { host, store, floor } = this;
    const { live } = host;
    const journal: JournalEntry = {
      answers: write.journal === undefined ? [] : [write.journal],
      atMs: this.clock.nowMs(),
    };
    const journalBytes = write.journal === undefined ? undefined : JournalEntry.encode(journal).finish();
    const journalKey = host.nextJournalKey();
    const success: Op[] = [...puts];
    if (journalBytes !== undefined) success.push({ kind: 'put', key: journalKey, value: journalBytes });
    const { epoch, ownerKey } = host;
    const own: Compare = { kind: 'mod', key: ownerKey, revision: epoch };
    const failure: Op[] = [{ kind: 'get', range: { start: ownerKey }, keysOnly: true }];
    host.beginLone();
    const end = floor.begin();
    const txn = { compare: [own, ...compare], success, failure };
    const result = await store.txn(txn, { timeoutMs: this.timeoutMs }).catch((error: unknown) => {
      host.unknown([write], error);
    });
    if (result !== undefined) {
      floor.see(result.revision);
      const ours = result.results[0]?.[0]?.modRevision === epoch;
      if (result.succeeded) host.committed([write], result.revision, { journalKey, journal, journalBytes });
      else if (!ours || !host.servesStill(live)) host.fenced([write]);
      else {
        mismatch();
        host.endLone();
      }
    }
    end();
  }
}

function putsOf({ changes }: Write): Op[] {
  return changes.map(({ entry, record }) => ({
    kind: 'put',
    key: entry.key,
    value: encodeRecord(record),
  }));
}
