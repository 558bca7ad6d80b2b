import type { BoardSlot } from '../wire.js';
import { slotKey } from './rows.js';

/**
 * The slots in use as the stream told them.
 *
 *   M1. A slot is only replaced by one of a higher revision: what arrives late changes nothing.
 *   M2. Free slots are kept for their revision while they are among the last `MAX_FREED`.
 */
export class SlotMap {
  readonly #slots = new Map<string, BoardSlot>();
  readonly #freed = new Map<string, BoardSlot>();

  get slots(): ReadonlyMap<string, BoardSlot> {
    return this.#slots;
  }

  /** What was there before; undefined when `slot` is not newer, or nothing is known of it and it is free. */
  put(slot: BoardSlot): { readonly before: BoardSlot | undefined } | undefined {
    const key = slotKey(slot);
    const before = this.#slots.get(key) ?? this.#freed.get(key);
    if (before !== undefined && before.revision >= slot.revision) return undefined;
    this.#freed.delete(key);
    if (slot.parks.length > 0) this.#slots.set(key, slot);
    else {
      this.#slots.delete(key);
      this.#freed.set(key, slot);
      const [oldest] = this.#freed.keys();
      if (this.#freed.size > MAX_FREED && oldest !== undefined) this.#freed.delete(oldest);
    }
    return { before };
  }

  clear(): void {
    this.#slots.clear();
    this.#freed.clear();
  }
}

const MAX_FREED = 10_000;
