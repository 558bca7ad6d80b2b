import { decodeToken, encodeToken } from '@parkade/ids';
import type { LotPools } from './lot-pools.js';
import type { SlotEntry } from './slot-table.js';

/** Of the cursors in a shard's mark; a mark is written again and again, and has to fit in a transaction. */
const MAX_CURSOR_BYTES = 256 * 1024;

/** What a shard has of one lot of a tenant. */
export interface Lot {
  /** Its number among the lots of the shard. */
  readonly number: number;
  readonly tenantId: string;
  readonly lotId: string;
  /** Its slots that are not packed. */
  readonly entries: Map<string, SlotEntry>;
  /** What counts for the tenant's quotas: calls in its slots or about to be, and slots with any. */
  calls: number;
  slots: number;
  /** Made when the first automatic choice comes, and again when the lot's ranges change. */
  pools: LotPools | undefined;
  /** The slot parked in last: where `next` goes on. */
  cursor: { slot: string; atMs: number } | undefined;
}

/** The lots of a shard that were ever used. */
export class Lots {
  readonly #tenants = new Map<string, Map<string, Lot>>();
  readonly #byNumber: Lot[] = [];

  find(tenantId: string, lotId: string): Lot | undefined {
    return this.#tenants.get(tenantId)?.get(lotId);
  }

  /** The lot, made where it was never used. */
  of(tenantId: string, lotId: string): Lot {
    let lots = this.#tenants.get(tenantId);
    if (lots === undefined) this.#tenants.set(tenantId, (lots = new Map<string, Lot>()));
    let lot = lots.get(lotId);
    if (lot === undefined) {
      const unused = { entries: new Map<string, SlotEntry>(), calls: 0, slots: 0, pools: undefined, cursor: undefined };
      lot = { number: this.#byNumber.length, tenantId, lotId, ...unused };
      lots.set(lotId, lot);
      this.#byNumber.push(lot);
    }
    return lot;
  }

  /** The lot of a number. Throws RangeError when there is none. */
  at(number: number): Lot {
    const lot = this.#byNumber[number];
    if (lot === undefined) throw new RangeError(`no lot ${number}`);
    return lot;
  }

  all(): readonly Lot[] {
    return this.#byNumber;
  }

  ofTenant(tenantId: string): IterableIterator<Lot> {
    return (this.#tenants.get(tenantId) ?? new Map<string, Lot>()).values();
  }

  /** The cursors for the shard's mark, of as many lots as fit: those that were used last. The others begin at their first slot. */
  cursors(): Record<string, string> {
    const all: { lot: string; cursor: string; atMs: number }[] = [];
    for (const { tenantId, lotId, cursor } of this.#byNumber) {
      if (cursor === undefined) continue;
      const lot = `${encodeToken(tenantId)}/${encodeToken(lotId)}`;
      all.push({ lot, cursor: `${cursor.atMs}:${cursor.slot}`, atMs: cursor.atMs });
    }
    let left = MAX_CURSOR_BYTES;
    const fitting = all
      .sort((a, b) => b.atMs - a.atMs)
      .filter(({ lot, cursor }) => (left -= 2 * (lot.length + cursor.length)) >= 0);
    return Object.fromEntries(fitting.map(({ lot, cursor }) => [lot, cursor]));
  }

  /** A cursor as a mark kept it; a younger one that is known stays. */
  restoreCursor(lotToken: string, stored: string): void {
    const [tenantId, lotId] = lotToken.split('/').map(decodeToken);
    const colon = stored.indexOf(':');
    const atMs = Number(stored.slice(0, colon));
    if (tenantId === undefined || lotId === undefined || colon < 1) return;
    const lot = this.of(tenantId, lotId);
    if (atMs > (lot.cursor?.atMs ?? 0)) lot.cursor = { slot: stored.slice(colon + 1), atMs };
  }
}
