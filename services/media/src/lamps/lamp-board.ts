// The lamps of all tenants as the bus tells them.
//   B1. Of a slot the message with the highest version counts; one that is not newer changes nothing.
//   B2. A lamp is told of when what it shows changes, once, in the order of the messages. One that several slots light is dark
//       when none of them lights it.
//   B3. At most maxSlots are kept; past that, slots that were not known before are not told.
import type { LampState, PresenceMessage } from '@parkade/presence';

/** What a lamp shows. */
export interface LampShown {
  readonly tenantId: string;
  readonly presenceId: string;
  readonly state: LampState;
}

interface KnownSlot {
  readonly version: number;
  readonly presenceId: string;
}

interface KnownLamp {
  readonly tenantId: string;
  readonly presenceId: string;
  /** Who lights it, by slot. */
  readonly lit: Map<string, LampState>;
  shown: LampState;
}

export class LampBoard {
  readonly #slots = new Map<string, KnownSlot>();
  readonly #lamps = new Map<string, KnownLamp>();

  constructor(private readonly maxSlots: number) {}

  /** The slot's own message; answers the lamps that show something else now. */
  apply({ tenant, lot, slot, presence_id: presenceId, state, version }: PresenceMessage): readonly LampShown[] {
    const key = JSON.stringify([tenant, lot, slot]);
    const known = this.#slots.get(key);
    if (known !== undefined && version <= known.version) return [];
    if (known === undefined && this.#slots.size >= this.maxSlots) return [];
    this.#slots.set(key, { version, presenceId });
    const changes: LampShown[] = [];
    if (known !== undefined && known.presenceId !== presenceId) {
      changes.push(...this.#put(tenant, known.presenceId, key, 'terminated'));
    }
    changes.push(...this.#put(tenant, presenceId, key, state));
    return changes;
  }

  /** A message about a lamp that the slot lights no more. */
  clear({ tenant, lot, slot, presence_id: presenceId, version }: PresenceMessage): readonly LampShown[] {
    const key = JSON.stringify([tenant, lot, slot]);
    const known = this.#slots.get(key);
    if (known?.presenceId === presenceId && version <= known.version) return [];
    if (known === undefined && this.#slots.size >= this.maxSlots) return [];
    return this.#put(tenant, presenceId, key, 'terminated');
  }

  /** Every lamp there is, lit or dark. */
  all(): readonly LampShown[] {
    return [...this.#lamps.values()].map(({ tenantId, presenceId, shown }) => ({ tenantId, presenceId, state: shown }));
  }

  #put(tenantId: string, presenceId: string, slotKey: string, state: LampState): readonly LampShown[] {
    const key = JSON.stringify([tenantId, presenceId]);
    const known = this.#lamps.get(key);
    const lamp: KnownLamp = known ?? { tenantId, presenceId, lit: new Map<string, LampState>(), shown: 'terminated' };
    if (state === 'terminated') lamp.lit.delete(slotKey);
    else lamp.lit.set(slotKey, state);
    const [first] = lamp.lit.values();
    const shown = first ?? 'terminated';
    if (known !== undefined && known.shown === shown) return [];
    lamp.shown = shown;
    this.#lamps.set(key, lamp);
    return [{ tenantId, presenceId, state: shown }];
  }
}
