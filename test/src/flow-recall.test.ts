import { keys } from '@parkade/ids';
import { followEvents } from '@parkade/presence';
import { MediaControl } from '@parkade/proto';
import { DEFAULT_LIMITS, MediaSimulator, startRecall } from '@parkade/recall';
import { silentLog } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { BLIND, clock, FlowWorld, random } from './support/flow-world.js';

let world: FlowWorld;
let media: MediaSimulator;
afterEach(async () => {
  await world.close();
  expect(world.defects).toEqual([]);
});

/** A flow world whose recalls ring a parker who never answers. */
async function start(): Promise<void> {
  world = await FlowWorld.start();
  media = new MediaSimulator(clock);
  media.register('acme', '200', ['phone-1']);
  await world.store.txn({
    compare: [],
    success: [{ kind: 'put', key: keys.mediaNode('fs1'), value: Buffer.from('{}') }],
  });
  const recall = await startRecall(
    { memberId: 'r1', host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 5_000, limits: DEFAULT_LIMITS },
    4,
    {
      ...{ store: world.store, clock, random, log: silentLog, media },
      timing: { joinDelayMs: 10, settleMs: 50, claimJitterMs: 1 },
    },
  );
  world.onClose(() => recall.close());
  await expect.poll(() => recall.ownedPartitions(), { timeout: 10_000 }).toBe(4);
}

const times = { default_ringback_timeout: 1000, default_callback_timeout: 1000 };
const cluster = { wayIn: BLIND, mediaControl: MediaControl.CLUSTER };

/** What the switch was told, in order, without times. */
function story(callId: string): readonly string[] {
  return media.deeds.flatMap((deed) => {
    if (deed.kind === 'ring') return deed.request.forCall.callId === callId ? [`ring ${deed.request.contact}`] : [];
    if (deed.kind === 'transfer' && deed.call === callId) return [`transfer ${JSON.stringify(deed.exit)}`];
    return deed.kind === 'hold' && deed.call === callId ? ['hold'] : [];
  });
}

async function parked(callId: string, flow: object, slot: string): Promise<void> {
  // The gateway hears of the media node a moment after it was registered.
  await expect
    .poll(() => world.hear(callId, flow, { ...cluster, capturedDigits: slot }).catch(() => undefined))
    .toMatchObject({ outcome: 'PARKED', slot });
}

describe('a recall that nobody answers', () => {
  it('branches to the child of its slot, else to _, else the call is parked again', async () => {
    await start();
    const branched: unknown[] = [];
    await followEvents(world.bus, { replay: 'all' }, (event) => {
      if (event.kind === 'branched') branched.push([event.slot, event.branch]);
    });
    const children = {
      '100': { children: {}, data: { id: '8ca0e4c50aa1e2901d749307e19b2e4b' }, module: 'voicemail' },
    };
    const wild = { _: { module: 'ring_group', data: { id: 'sales' } } };
    await parked('own', { module: 'park', data: times, children: { ...children, ...wild } }, '100');
    await parked('wild', { module: 'park', data: times, children: { ...children, ...wild } }, '101');
    await parked('none', { module: 'park', data: times, children }, '102');
    await expect
      .poll(() => story('own'), { timeout: 10_000 })
      .toEqual(['ring phone-1', 'transfer {"to":"voicemail","mailbox":"8ca0e4c50aa1e2901d749307e19b2e4b"}']);
    await expect
      .poll(() => story('wild'), { timeout: 10_000 })
      .toEqual(['ring phone-1', 'transfer {"to":"ring_group","ring_group_id":"sales"}']);
    await expect
      .poll(() => story('none').slice(0, 3), { timeout: 10_000 })
      .toEqual(['ring phone-1', 'hold', 'ring phone-1']);
    await expect.poll(() => world.inSlot('100')).toEqual([]);
    // Flow engines hear which child has the call now.
    const own = { child: '100', module: 'voicemail', target: '8ca0e4c50aa1e2901d749307e19b2e4b', flow_id: '' };
    const rest = { child: '_', module: 'ring_group', target: 'sales', flow_id: '' };
    await expect
      .poll(() => [...branched].sort())
      .toEqual([
        ['100', own],
        ['101', rest],
      ]);
    expect((await world.inSlot('102'))[0]).toMatch(/^none /);
  });
});
