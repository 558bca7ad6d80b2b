import { type ParkRecord, PresenceType, type SlotRecord } from '@parkade/proto';

/** What a slot's lamp shows: `TERMINATED` is dark. */
export interface Lamp {
  readonly type: PresenceType;
  /** The id that is lit; dark: the one last spoken of, empty when there was none. */
  readonly presenceId: string;
}

/**
 * The one lamp of a slot, also where it holds several calls.
 *
 * - Lit while anybody holds the slot: parked, ringing, being retrieved, and reserved too, because a slot that refuses a call
 *   must not look free. A hold for a move stays dark: it lasts moments, and no lamp is known for it yet.
 * - It shows what the oldest park's policy says; a policy of `TERMINATED` keeps its park from lighting anything.
 * - It does not jump: while any park with the id that is lit remains, that id stays lit. So with every change the id lit
 *   before is lit still, or is the `presence_id` of the change's transition: whoever publishes knows what to clear.
 */
export function lampOf(parks: readonly ParkRecord[], litBefore: string): Lamp | undefined {
  const lit = parks.filter(lights);
  const shown = lit.find((park) => park.policy?.presenceId === litBefore) ?? lit[0];
  if (shown === undefined) return undefined;
  return { type: presenceType(shown), presenceId: shown.policy?.presenceId ?? '' };
}

/** The lamp of a record, lit or dark. */
export function presenceOf(record: SlotRecord): Lamp {
  return (
    lampOf(record.parks, record.litPresenceId) ?? {
      type: PresenceType.TERMINATED,
      presenceId: record.last?.presenceId ?? '',
    }
  );
}

function lights(park: ParkRecord): boolean {
  return park.state?.$case !== 'incoming' && presenceType(park) !== PresenceType.TERMINATED;
}

function presenceType(park: ParkRecord): PresenceType {
  const type = park.policy?.presenceType ?? PresenceType.UNSPECIFIED;
  return type === PresenceType.UNSPECIFIED ? PresenceType.EARLY : type;
}
