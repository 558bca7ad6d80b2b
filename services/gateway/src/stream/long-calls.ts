import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';

/** The calls that go on until somebody ends them (`Commands`, `WatchSlots`), by the connection they came on. */
export class LongCalls {
  readonly #ends = new Map<string, Set<() => void>>();

  /** `end` is called when the call's connection has come to its age; not any more once what is returned was called. */
  add(call: { getPeer(): string }, end: () => void): () => void {
    const peer = call.getPeer();
    const ends = this.#ends.get(peer) ?? new Set();
    this.#ends.set(peer, ends.add(end));
    return () => {
      if (ends.delete(end) && ends.size === 0 && this.#ends.get(peer) === ends) this.#ends.delete(peer);
    };
  }

  /** Calls on this connection end now. */
  aged(peer: string): void {
    for (const end of [...(this.#ends.get(peer) ?? [])]) end();
  }
}

/** The connection has come to its age. */
export function connectionAged(): Refused {
  const message =
    'This connection has served its time. Open the stream again, on a new one; what was not answered may be sent again under its request id.';
  return new Refused(Reason.DRAINING, message);
}
