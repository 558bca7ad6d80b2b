import { keys } from '@parkade/ids';
import type { Store } from '@parkade/store';

/** Tries to count on before somebody else's number is good enough. */
const MAX_TRIES = 3;

const WRAP = 1_000_000_000;

/** Whose turn it is in a round-robin group. */
export interface Turns {
  /** A number one higher than the last one for this group. Rejects when the store does not answer. */
  next(tenantId: string, groupId: string): Promise<number>;
}

/**
 * Turns that survive whoever takes them: counted in the store, by compare. Where many take one at the same moment, some may
 * get the same number, which is no harm: the member is rung for two calls.
 */
export class RingCursors implements Turns {
  constructor(
    private readonly store: Store,
    private readonly timeoutMs: number,
  ) {}

  async next(tenantId: string, groupId: string): Promise<number> {
    const key = keys.ringCursor(tenantId, groupId);
    let turn = 0;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const standing = await this.store.get(key, { timeoutMs: this.timeoutMs });
      turn = standing === undefined ? 0 : (Number(Buffer.from(standing.value).toString('utf8')) + 1) % WRAP;
      if (!Number.isSafeInteger(turn)) turn = 0;
      const { succeeded } = await this.store.txn(
        {
          compare: [{ kind: 'mod', key, revision: standing?.modRevision ?? 0 }],
          success: [{ kind: 'put', key, value: Buffer.from(String(turn), 'utf8') }],
        },
        { timeoutMs: this.timeoutMs },
      );
      if (succeeded) return turn;
    }
    return turn;
  }
}
