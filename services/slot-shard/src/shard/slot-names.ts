import { FleetingMap } from '@parkade/clock';
import type { SecretHash } from '@parkade/ids';
import type { CallRef, EndedPark, SlotRecord } from '@parkade/proto';
import type { SlotEntry } from './slot-table.js';

type CallKey = Pick<CallRef, 'mediaNode' | 'callId'>;

/**
 * What finds the entries of a shard beside their slots' names.
 *
 *   N1. A park that an entry's record has or remembers is found by its id, a call in it, or about to be, by its own; nothing else is.
 */
export class SlotNames {
  readonly #byPark: FleetingMap<string, SlotEntry>;
  readonly #byCall: FleetingMap<string, SlotEntry>;
  readonly #byEnded: FleetingMap<string, SlotEntry>;

  /** `hash`: of a secret, as those who park choose what their calls are named. */
  constructor({ of }: Pick<SecretHash, 'of'>) {
    this.#byPark = new FleetingMap(of);
    this.#byCall = new FleetingMap(of);
    this.#byEnded = new FleetingMap(of);
  }

  byPark(parkId: string): SlotEntry | undefined {
    return this.#byPark.get(parkId);
  }

  byEndedPark(parkId: string): SlotEntry | undefined {
    return this.#byEnded.get(parkId);
  }

  byCall(tenantId: string, call: CallKey): SlotEntry | undefined {
    return this.#byCall.get(callKey(tenantId, call));
  }

  /** The call is about to be in the slot. */
  arriving(entry: SlotEntry, call: CallRef): void {
    this.#byCall.set(callKey(entry.name.tenantId, call), entry);
  }

  /** The entry's record is another one; undefined: there was none, or is none any more. */
  replace(entry: SlotEntry, before: SlotRecord | undefined, after: SlotRecord | undefined): void {
    const { tenantId } = entry.name;
    for (const { parkId, call } of before?.parks ?? []) {
      this.#byPark.delete(parkId);
      if (call === undefined) continue;
      const key = callKey(tenantId, call);
      if (this.#byCall.get(key) === entry) this.#byCall.delete(key);
    }
    for (const { parkId, call } of after?.parks ?? []) {
      this.#byPark.set(parkId, entry);
      if (call !== undefined) this.#byCall.set(callKey(tenantId, call), entry);
    }
    this.#rememberEnded(entry, before?.ended ?? [], after?.ended ?? []);
  }

  /** Of the up to eight a record remembers, a change brings and drops one at most: only those are touched, 3% of a command. */
  #rememberEnded(entry: SlotEntry, before: readonly EndedPark[], after: readonly EndedPark[]): void {
    if (before === after) return;
    // What stays is the same object, or is forgotten and remembered again.
    for (const end of before) if (!after.includes(end)) this.#byEnded.delete(end.parkId);
    for (const end of after) if (!before.includes(end)) this.#byEnded.set(end.parkId, entry);
  }
}

function callKey(tenantId: string, call: CallKey): string {
  return `${tenantId}\0${call.mediaNode}\0${call.callId}`;
}
