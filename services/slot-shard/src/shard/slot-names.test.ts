import { SeededRandom } from '@parkade/clock';
import { SecretHash } from '@parkade/ids';
import { describe, expect, it } from 'vitest';
import { commands, play } from '../machine/testing/fixtures.js';
import { SlotNames } from './slot-names.js';
import { SlotTable } from './slot-table.js';

describe('SlotNames', () => {
  it('finds calls and parks by hashes of a secret: who chooses their names cannot choose what they are filed under', () => {
    const secret = new SecretHash(new SeededRandom(1));
    const hashed: string[] = [];
    const names = new SlotNames({
      of: (text) => {
        hashed.push(text);
        return secret.of(text);
      },
    });
    const entry = new SlotTable(3, new SeededRandom(1)).entry('acme', 'main', '701');
    const record = play(
      [0, commands.park('park-1', 'call-1')],
      [1, commands.retrieve('park-1', 'phone')],
      [2, commands.park('park-2', 'call-2')],
    );
    names.replace(entry, undefined, record);
    expect(new Set(hashed)).toEqual(new Set(['park-1', 'park-2', 'acme\0m1\0call-2']));
    expect(names.byCall('acme', { mediaNode: 'm1', callId: 'call-2' })).toBe(entry);
    expect([names.byPark('park-2'), names.byEndedPark('park-1'), names.byPark('park-1')]).toEqual([
      entry,
      entry,
      undefined,
    ]);
  });
});
