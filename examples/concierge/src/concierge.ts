import { type Call, ParkadeError, type ParkedCall, type Parks } from '@parkade/client';

/**
 * A hotel's front desk: somebody calls for a guest who is not in the room, the call waits in a slot with the guest's name as its note,
 * and the guest fetches it from any phone.
 */
export class Concierge {
  constructor(
    private readonly parks: Parks,
    private readonly say: (line: string) => void,
  ) {}

  /** Lets a caller wait for a guest; undefined: every slot is taken, and the desk has to take a message. */
  async hold(call: Call, guest: string): Promise<ParkedCall | undefined> {
    try {
      const parked = await this.parks.park({ call, at: { kind: 'any' }, note: guest, parker: { extension: '100' } });
      this.say(`${call.callerName ?? 'somebody'} waits for ${guest} in slot ${parked.slot}`);
      return parked;
    } catch (error) {
      if (!(error instanceof ParkadeError) || error.reason !== 'LOT_FULL') throw error;
      this.say(`no slot is free: a message for ${guest}, please`);
      return undefined;
    }
  }

  /** The guest picks up a phone and names the slot. Undefined: nobody waits there, or somebody else was faster. */
  async fetch(slot: string, phone: Call): Promise<ParkedCall | undefined> {
    try {
      const taken = await this.parks.retrieve({ from: { kind: 'slot', slot }, by: phone });
      this.say(`${taken.note} talks to ${taken.call.callerName ?? 'somebody'}`);
      return taken;
    } catch (error) {
      if (!(error instanceof ParkadeError) || error.reason !== 'SLOT_EMPTY') throw error;
      this.say(`nobody waits in slot ${slot}`);
      return undefined;
    }
  }

  /** Shows who waits for whom, as it changes, until `signal`. */
  async board(signal: AbortSignal): Promise<void> {
    for await (const change of this.parks.watch({ signal })) {
      if (change.kind !== 'slot') continue;
      const { slot, parks } = change.slot;
      this.say(`board: ${slot} ${parks.map(({ note }) => note).join(', ') || 'free'}`);
    }
  }
}
