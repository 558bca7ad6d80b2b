import { extensionShard } from '@parkade/ids';
import { RecallTo, type Target } from '@parkade/proto';
import { type GroupSettingsInput, putGroup, putTenant, type WriteResult } from '@parkade/settings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describe as kindOf, parkOf, parkRequest } from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const shard = extensionShard('acme', BENCH_SHARDS);
const target: Target = { kind: { $case: 'group', value: { groupId: 'sales' } } };
let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
  await bench.own(shard);
});
afterEach(() => bench.close());

const inForce = async (write: Promise<WriteResult>): Promise<void> => {
  const result = await write;
  if (!result.ok) throw new Error(JSON.stringify(result));
  await bench.settings.waitFor(result.revision, 5_000);
};
const group = (settings: GroupSettingsInput): Promise<void> =>
  inForce(putGroup(bench.store, 'acme', 'sales', settings));
const park = (callId: string) => bench.send(shard, { $case: 'park', value: parkRequest(callId, target) });

describe('a park by a group’s hunt (R9)', () => {
  it('keeps its group and whom to ring, whatever is changed afterwards', async () => {
    const members = [{ extension: '101' }];
    await inForce(putTenant(bench.store, 'acme', { recall: { ring_group_time_ms: 90_000 } }));
    await group({ members, recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' });
    expect(parkOf(await park('call-1'))).toMatchObject({ slot: '101', groupId: 'sales' });
    await group({ members });
    await inForce(putTenant(bench.store, 'acme', {}));
    expect(bench.told.at(-1)?.record.parks[0]?.policy).toMatchObject({
      groupId: 'sales',
      recall: { recallTo: RecallTo.RING_GROUP_ONLY, ringGroupId: 'night', ringGroupTimeMs: 90_000 },
    });
  });

  it('is refused while the group is switched off, and passes over a member who is', async () => {
    await group({ members: [{ extension: '101', enabled: false }, { extension: '102' }] });
    expect(parkOf(await park('call-1'))).toMatchObject({ slot: '102' });
    await group({ enabled: false, members: [{ extension: '103' }] });
    expect(kindOf(await park('call-2'))).toBe('DISABLED');
  });
});
