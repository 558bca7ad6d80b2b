import { keys } from '@parkade/ids';
import type { SlotName, SlotRecord } from '@parkade/proto';
import type { PackedSlots } from './packed-slots.js';

/** A packed slot, of which only what is asked for is unpacked; good until the slot changes. */
export class PackedSlot {
  #record: SlotRecord | undefined;
  #name: SlotName | undefined;

  constructor(
    private readonly slots: PackedSlots,
    private readonly place: number,
    private readonly shard: number,
  ) {}

  get name(): SlotName {
    return (this.#name ??= this.#record?.name ?? this.slots.nameAt(this.place));
  }

  get key(): string {
    const { tenantId, lotId, slot } = this.name;
    return keys.slot(this.shard, tenantId, lotId, slot);
  }

  get record(): SlotRecord {
    return (this.#record ??= this.slots.recordAt(this.place));
  }

  get revision(): number {
    return this.slots.revisionAt(this.place);
  }

  get freedAtMs(): number {
    return this.slots.freedAtMs(this.place);
  }
}
