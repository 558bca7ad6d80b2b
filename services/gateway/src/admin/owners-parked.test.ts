import { ManualClock, SeededRandom } from '@parkade/clock';
import { newParkId, slotShard } from '@parkade/ids';
import { Park, Reason, Slot } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../config.js';
import type { OwnedPage } from '../reads/owned-slots.js';
import { OwnersParked } from './owners-parked.js';

const SHARDS = 16;
const random = new SeededRandom(4);

/** A slot with a call, where a lot of this spread has it. */
function parked(slot: string, spread: number): Slot {
  const parkId = newParkId(1_700_000_000_000, slotShard('acme', 'wide', slot, spread, SHARDS), random);
  return Slot.fromPartial({ lotId: 'wide', slot, parks: [Park.fromPartial({ parkId })] });
}

function asking(page: OwnedPage | Refused): OwnersParked {
  const commands = { execute: () => Promise.reject(new Error('not asked here')) };
  return new OwnersParked(
    commands,
    new ManualClock(),
    DEFAULT_LIMITS,
    { shardCount: SHARDS },
    {
      list: ({ tenantId, lotId }) => {
        expect([tenantId, lotId]).toEqual(['acme', 'wide']);
        return Promise.resolve(page);
      },
    },
  );
}

describe('calls of an earlier lot', () => {
  const slots = Array.from({ length: 20 }, (_, i) => parked(String(701 + i), 4));

  it('are found by a lot of the same spread, and not all by one of another', async () => {
    const owners = asking({ slots, more: false });
    expect(await owners.misplaced('acme', 'wide', 4)).toBeUndefined();
    for (const spread of [1, 2, 3, 5]) expect(await owners.misplaced('acme', 'wide', spread)).toMatch(/^7[01]\d$/);
    expect(await asking({ slots: [], more: false }).misplaced('acme', 'wide', 1)).toBeUndefined();
  });

  it('are not known where not every owner answers', async () => {
    const away = new Refused(Reason.NO_OWNER, 'away');
    expect(await asking(away).misplaced('acme', 'wide', 1)).toBe(away);
  });
});
