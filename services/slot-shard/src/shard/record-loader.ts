import type { SecretHash } from '@parkade/ids';
import { type PackedSlots, RecordScan, type Span } from '../packed/index.js';
import type { Lot, Lots } from './lots.js';

/**
 * Packs records as they are read from the store, a hundred thousand one after the other, and makes no objects of them.
 *
 *   B1. It takes only what may be packed as it stands: of a slot that is not known yet, whose parks are at rest. What it does not take
 *       leaves nothing behind.
 */
export class RecordLoader {
  readonly #scan: RecordScan;
  /** The lot of the record before, with the bytes of its names: records come in the order of lots. */
  #last: { readonly lot: Lot; readonly tenantId: Buffer; readonly lotId: Buffer } | undefined;

  /** `hash`: the one that `packed` has. `loaded` hears of each slot that was packed, with how many parks it has. */
  constructor(
    hash: SecretHash,
    private readonly lots: Lots,
    private readonly packed: PackedSlots,
    private readonly loaded: (lot: Lot, parks: number) => void,
  ) {
    this.#scan = new RecordScan(hash);
  }

  /** Whether it took the record. Throws where the bytes are none. */
  take(bytes: Uint8Array, revision: number): boolean {
    const scan = this.#scan.read(bytes);
    const { hashes, marks, freedAtMs, parks } = scan;
    if (!scan.isNamed || !scan.isAtRest || this.packed.mayHave(hashes[0] ?? 0)) return false;
    const lot = this.#lotOf(bytes);
    if (lot.entries.size > 0 && lot.entries.has(text(bytes, scan.slot))) return false;
    const place = this.packed.take();
    if (!this.packed.pack(place, { hashes, marks, revision, lot: lot.number, freedAtMs }, bytes)) {
      this.packed.release(place);
      return false;
    }
    this.loaded(lot, parks);
    this.#moveCursor(lot, bytes);
    return true;
  }

  #lotOf(bytes: Uint8Array): Lot {
    const { tenantId, lotId } = this.#scan;
    const last = this.#last;
    if (last !== undefined && stands(last.lotId, bytes, lotId) && stands(last.tenantId, bytes, tenantId))
      return last.lot;
    const [tenant, lot] = [text(bytes, tenantId), text(bytes, lotId)];
    this.#last = { lot: this.lots.of(tenant, lot), tenantId: Buffer.from(tenant), lotId: Buffer.from(lot) };
    return this.#last.lot;
  }

  #moveCursor(lot: Lot, bytes: Uint8Array): void {
    const { newestMs, slot } = this.#scan;
    if (newestMs === undefined || newestMs < (lot.cursor?.atMs ?? 0)) return;
    lot.cursor = { slot: text(bytes, slot), atMs: newestMs };
  }
}

function text(bytes: Uint8Array, { start, end }: Span): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** Whether these bytes are what stands there. */
function stands(these: Uint8Array, bytes: Uint8Array, { start, end }: Span): boolean {
  if (these.length !== end - start) return false;
  for (let i = 0; i < these.length; i++) if (these[i] !== bytes[start + i]) return false;
  return true;
}
