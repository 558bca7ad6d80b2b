import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { putFlow } from '@parkade/flow';
import { HOLDING_LOT } from '@parkade/ids';
import { ParkState, Reason, ReleaseCause } from '@parkade/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlowCluster, flowTenants } from './support/flow-cluster.js';
import { BLIND, completing, type FlowWorld, LOT, parkOf, requestId } from './support/flow-world.js';
import { runCli } from './support/process.js';
import { withCluster } from './support/with-cluster.js';

// On etcd and NATS, owners, gateway and two flow processes, which are asked in turns: none knows what the other did.

const ONE_SLOT = { ranges: [{ first: '101', last: '101' }] };
const TWO_SLOTS = { ranges: [{ first: '101', last: '102' }] };
const NEXT_FREE = { ...TWO_SLOTS, on_occupied: 'next_free' as const };
const SLOT_TIMES = { ...LOT, slots: { '101': { ringback_timeout: 9_000, callback_timeout: 8_000 } } };
const LOTS = [LOT, ONE_SLOT, TWO_SLOTS, NEXT_FREE, SLOT_TIMES];

const cluster = withCluster({
  owners: 2,
  gateways: 1,
  shards: 8,
  autoTenants: false,
  settings: flowTenants(LOTS),
});
let flows: FlowCluster;
let world: FlowWorld;
beforeAll(async () => {
  flows = await FlowCluster.start(cluster(), LOTS);
});
afterAll(async () => {
  await flows.stop();
  expect(flows.processes.map((each) => each.stderr()).join('')).not.toContain('"defect"');
});

const park = { data: { action: 'park' } };
const auto = { data: { action: 'auto' } };
const retrieve = { data: { action: 'retrieve' } };
const direct = { data: { action: 'direct_park' } };
const at = (capturedDigits: string) => ({ capturedDigits });
const blind = (capturedDigits = '') => ({ capturedDigits, wayIn: BLIND });
const user = (id: string) => ({ module: 'user', data: { id } });

describe('a blind transfer', () => {
  it('parks, whatever the action is, and tells the slot to who transferred', async () => {
    world = flows.world(LOT);
    for (const [i, flow] of [park, auto, retrieve, direct].entries()) {
      expect(await world.hear(`c${i}`, flow, blind(`70${i}`))).toMatchObject({
        outcome: 'PARKED',
        slot: `70${i}`,
        prompt: `SLOT_NUMBER 70${i} to PARKER`,
      });
    }
  });

  it('takes the lowest free number where none was dialled', async () => {
    world = flows.world(LOT);
    expect((await world.hear('a', park, blind())).slot).toBe('101');
    expect((await world.hear('b', park, blind())).slot).toBe('102');
  });

  it('to a slot in use is held, never hung up, where the lot rejects', async () => {
    world = flows.world(LOT);
    await world.execute('a', park, blind('101'));
    const held = await world.execute('b', park, blind('101'));
    expect(held.park).toMatchObject({ lotId: HOLDING_LOT, state: ParkState.PARKED });
    expect(held.reason).toBe(Reason.SLOT_OCCUPIED);
    expect(await world.inSlot('101')).toEqual(['a parked']);
  });

  it('to a slot in use takes the next free one where the lot says so, and is held where there is none', async () => {
    world = flows.world(NEXT_FREE);
    await world.execute('a', park, blind('101'));
    expect(await world.hear('b', park, blind('101'))).toMatchObject({
      outcome: 'PARKED',
      slot: '102',
      prompt: 'OTHER_SLOT_NUMBER 102 to PARKER',
    });
    expect(await world.hear('c', park, blind('101'))).toMatchObject({ outcome: 'HELD' });
  });

  it('to a full lot goes on at MAX_SLOT_EXCEEDED, else at _, else is held', async () => {
    world = flows.world(ONE_SLOT);
    await world.execute('a', park, blind());
    const both = { ...park, children: { MAX_SLOT_EXCEEDED: user('u1'), _: user('u2') } };
    expect(await world.hear('b', both, blind())).toMatchObject({
      outcome: 'CONTINUE',
      next: 'MAX_SLOT_EXCEEDED',
      reason: 'LOT_FULL',
    });
    const wild = { ...park, children: { _: user('u2'), '101': user('u3') } };
    expect(await world.hear('b', wild, blind())).toMatchObject({ outcome: 'CONTINUE', next: '_' });
    expect(await world.hear('b', park, blind())).toMatchObject({ outcome: 'HELD', reason: 'LOT_FULL' });
  });

  it('that cannot be parked at all goes back to who transferred', async () => {
    world = flows.world(TWO_SLOTS);
    expect(await world.hear('a', park, blind('999'))).toMatchObject({
      outcome: 'RETURN_TO_PARKER',
      prompt: 'NO_SUCH_SLOT 999 to PARKER',
      reason: 'SLOT_NOT_FOUND',
    });
  });
});

describe('a direct dial that parks', () => {
  it('reserves the slot and hears its number; the transfer completes it in the same place', async () => {
    world = flows.world(LOT);
    const reserved = await world.execute('bob', park, at('105'));
    expect(await world.inSlot('105')).toEqual(['bob reserved']);
    // The transfer hangs the parker up before the caller comes.
    await world.release(parkOf(reserved), ReleaseCause.TRANSFER);
    const completed = await world.execute('ann', park, { ...at('105'), wayIn: completing('bob@sip') });
    expect(parkOf(completed)).toMatchObject({ parkId: parkOf(reserved).parkId, slot: '105', state: ParkState.PARKED });
    expect(parkOf(completed).parker?.extension).toBe('200');
    expect(await world.inSlot('105')).toEqual(['ann parked']);
  });

  it('hears its number where none was dialled', async () => {
    world = flows.world(LOT);
    expect(await world.hear('bob', park)).toEqual({
      outcome: 'RESERVED',
      slot: '101',
      prompt: 'SLOT_NUMBER 101 to CALL',
      answer: true,
      next: undefined,
      reason: undefined,
    });
  });

  it('hears that a slot is in use, and changes nothing', async () => {
    world = flows.world(LOT);
    await world.execute('a', park, blind('101'));
    await world.execute('b', park, at('102'));
    for (const slot of ['101', '102']) {
      expect(await world.hear('c', park, at(slot))).toMatchObject({
        outcome: 'REJECTED',
        prompt: `SLOT_IN_USE ${slot} to CALL`,
        answer: true,
      });
    }
    expect([await world.inSlot('101'), await world.inSlot('102')]).toEqual([['a parked'], ['b reserved']]);
  });
});

describe('a completion', () => {
  it('after the reservation ended parks in the next free slot and says so', async () => {
    world = flows.world(LOT);
    const reserved = await world.execute('bob', park, at('105'));
    await world.release(parkOf(reserved), ReleaseCause.ABANDONED);
    expect(await world.hear('ann', park, { ...at('105'), wayIn: completing('bob') })).toMatchObject({
      outcome: 'PARKED',
      slot: '101',
      prompt: 'OTHER_SLOT_NUMBER 101 to PARKER',
    });
  });

  it('is done once, however often it is asked for', async () => {
    world = flows.world(LOT);
    await world.execute('bob', park, at('105'));
    const once = { ...at('105'), wayIn: completing('bob'), requestId: requestId() };
    const first = await world.execute('ann', park, once);
    const again = await world.execute('ann', park, once);
    expect(parkOf(again).parkId).toBe(parkOf(first).parkId);
    expect(await world.inSlot('101')).toEqual([]);
  });
});

describe('direct_park', () => {
  it('parks the very call without answering it, and rejects without a word where the slot is taken', async () => {
    world = flows.world(LOT);
    expect(await world.hear('a', direct, at('101'))).toMatchObject({
      outcome: 'PARKED',
      slot: '101',
      answer: false,
      prompt: undefined,
    });
    expect(await world.hear('b', direct, at('101'))).toMatchObject({
      outcome: 'REJECTED',
      answer: false,
      prompt: undefined,
      reason: 'SLOT_OCCUPIED',
    });
    expect(await world.inSlot('101')).toEqual(['a parked']);
  });
});

describe('retrieve', () => {
  it('is connected with the caller, in two phases', async () => {
    world = flows.world(LOT);
    await world.execute('a', park, blind('101'));
    const begun = await world.execute('bob', retrieve, at('101'));
    expect(parkOf(begun)).toMatchObject({ state: ParkState.RETRIEVING, call: { callId: 'a' } });
    await world.confirm(parkOf(begun));
    expect(await world.hear('bob', retrieve, at('101'))).toMatchObject({
      outcome: 'REJECTED',
      prompt: 'SLOT_EMPTY 101 to CALL',
    });
  });

  it('hears "empty" where no slot was dialled', async () => {
    world = flows.world(LOT);
    expect(await world.hear('bob', retrieve)).toMatchObject({ outcome: 'REJECTED', prompt: 'SLOT_EMPTY to CALL' });
  });

  it('waits for the completion of an attended transfer, at most 3 s', async () => {
    world = flows.world(LOT);
    await world.execute('bob', park, at('101'));
    const waiting = world.execute('carl', retrieve, at('101'));
    await world.execute('ann', park, { wayIn: completing('bob') });
    expect(parkOf(await waiting)).toMatchObject({ state: ParkState.RETRIEVING, call: { callId: 'ann' } });

    await world.execute('bob', park, at('102'));
    const beganMs = performance.now();
    expect(await world.hear('carl2', retrieve, at('102'))).toMatchObject({ prompt: 'SLOT_EMPTY 102 to CALL' });
    expect(performance.now() - beganMs).toBeGreaterThan(2_900);
    expect(await world.inSlot('102')).toEqual(['bob reserved']);
  });

  it('waits for the outcome of another retrieve: the call where that fails, else "empty"', async () => {
    world = flows.world(LOT);
    for (const [slot, ends] of [
      ['101', 'back'],
      ['102', 'gone'],
    ] as const) {
      await world.execute(`a${slot}`, park, blind(slot));
      const first = parkOf(await world.execute(`b${slot}`, retrieve, at(slot)));
      const second = world.hear(`c${slot}`, retrieve, at(slot));
      if (ends === 'back') await world.giveBack(first);
      else await world.confirm(first);
      expect((await second).outcome).toBe(ends === 'back' ? 'RETRIEVE_BEGUN' : 'REJECTED');
    }
  });
});

describe('auto', () => {
  it('reserves a free slot, retrieves from one that is held', async () => {
    world = flows.world(LOT);
    expect(await world.hear('bob', auto, at('101'))).toMatchObject({
      outcome: 'RESERVED',
      prompt: 'SLOT_NUMBER 101 to CALL',
    });
    await world.execute('a', park, blind('102'));
    expect(await world.hear('carl', auto, at('102'))).toMatchObject({ outcome: 'RETRIEVE_BEGUN', prompt: undefined });
    expect((await world.hear('dora', auto)).slot).toBe('103');
  });

  it('hears "in use" of a reservation that is not completed in time', async () => {
    world = flows.world(LOT);
    await world.execute('bob', park, at('101'));
    expect(await world.hear('carl', auto, at('101'))).toMatchObject({ prompt: 'SLOT_IN_USE 101 to CALL' });
  });

  it('takes effect once when it is asked again, also after the slot is free', async () => {
    world = flows.world(LOT);
    await world.execute('a', park, blind('101'));
    const first = parkOf(await world.execute('bob', auto, at('101')));
    const once = { ...at('101'), requestId: requestId() };
    const waiting = world.execute('carl', auto, once);
    await world.giveBack(first);
    const begun = parkOf(await waiting);
    await world.confirm(begun);
    const again = parkOf(await world.execute('carl', auto, once));
    expect([again.parkId, again.retrieveId]).toEqual([begun.parkId, begun.retrieveId]);
    expect(await world.inSlot('101')).toEqual([]);
  });
});

describe('the keys of data', () => {
  it('slot beats the captured digits, as a number too, and keeps its zeros as a string', async () => {
    world = flows.world(LOT);
    expect((await world.hear('a', { data: { slot: '007' } }, blind('101'))).slot).toBe('007');
    expect((await world.hear('b', { data: { slot: 7 } }, blind('101'))).slot).toBe('7');
  });

  it('max_slot_number bounds named and chosen numbers alike', async () => {
    world = flows.world(LOT);
    const children = { MAX_SLOT_EXCEEDED: { module: 'voicemail', data: { id: 'vm1' } } };
    const max = { data: { max_slot_number: '102' }, children };
    expect((await world.hear('a', max, blind())).slot).toBe('101');
    expect((await world.hear('b', max, blind())).slot).toBe('102');
    for (const digits of ['', '103']) {
      const left = await world.execute('c', max, blind(digits));
      expect(left.next).toEqual({
        key: 'MAX_SLOT_EXCEEDED',
        node: ['MAX_SLOT_EXCEEDED'],
        module: 'voicemail',
        json: JSON.stringify(children.MAX_SLOT_EXCEEDED),
        target: { to: { $case: 'voicemail', value: 'vm1' } },
      });
      expect(left.reason).toBe(Reason.MAX_SLOT_EXCEEDED);
    }
    const none = { data: { max_slot_number: 102 } };
    expect(await world.hear('d', none)).toMatchObject({ outcome: 'REJECTED', prompt: 'NO_FREE_SLOT to CALL' });
    expect(await world.hear('d', none, blind('103'))).toMatchObject({
      outcome: 'HELD',
      reason: 'MAX_SLOT_EXCEEDED',
    });
  });

  it('skip_module goes on at the wildcard, if there is one, and touches nothing', async () => {
    world = flows.world(LOT);
    const skip = { data: { skip_module: true, slot: '101' }, children: { '101': user('u1'), _: user('u2') } };
    expect(await world.hear('a', skip, blind())).toMatchObject({ outcome: 'SKIPPED', next: '_' });
    expect(await world.hear('a', { data: { skip_module: 'true' } })).toMatchObject({
      outcome: 'SKIPPED',
      next: undefined,
    });
    expect(await world.inSlot('101')).toEqual([]);
  });

  it('timeouts and presence: slots.N, then the lot, then default_; presence ids only with custom_presence_id', async () => {
    world = flows.world(SLOT_TIMES);
    const data = {
      default_ringback_timeout: '5000',
      default_callback_timeout: 26_000,
      default_presence_type: 'confirmed',
      presence_id: 'flow-lamp',
      slots: { '101': { ringback_timeout: 7_000, presence_type: 'terminated', presence_id: 'slot-lamp' } },
    };
    const policy = async (call: string, slot: string, custom: boolean) => {
      const flow = { data: { ...data, custom_presence_id: custom } };
      const { policy: kept } = parkOf(await world.execute(call, flow, blind(slot)));
      return [
        kept?.ringbackTimeout?.seconds,
        kept?.callbackTimeout?.seconds,
        kept?.presenceType,
        kept?.presenceId,
      ] as const;
    };
    expect(await policy('a', '101', false)).toEqual([7, 8, 3, '*3101']);
    expect(await policy('b', '102', false)).toEqual([5, 26, 2, '*3102']);
    expect(await policy('c', '103', true)).toEqual([5, 26, 2, 'flow-lamp']);
    // Chosen by itself: the flow's entry for whichever slot it gets.
    for (const each of (await world.slot('101')).parks) await world.release(each, ReleaseCause.ABANDONED);
    expect(await policy('d', '', true)).toEqual([7, 8, 3, 'slot-lamp']);
  });
});

describe('a flow', () => {
  it('that is stored is used by its id, follows its changes, and is carried out below its root', async () => {
    world = flows.world(LOT);
    expect(await world.failure('a', 'f1')).toMatchObject({ reason: Reason.FLOW_NOT_FOUND });
    const second = { module: 'park', data: { slot: '111' } };
    const stored = { flow: { module: 'park', data: { slot: '110' }, children: { MAX_SLOT_EXCEEDED: second } } };
    expect(await putFlow(world.store, world.tenantId, 'f1', stored)).toMatchObject({ ok: true });
    await expect.poll(() => world.hear('a', 'f1').catch(() => undefined)).toMatchObject({ slot: '110' });
    expect((await world.hear('b', 'f1', { node: ['MAX_SLOT_EXCEEDED'] })).slot).toBe('111');
    expect(await world.failure('c', 'f1', { node: ['x'] })).toMatchObject({ metadata: { field: 'node' } });
  });

  it('that is wrong is refused with the path', async () => {
    world = flows.world(LOT);
    const wrong = { data: { slots: { '101': { ringback_timeout: 10 } } }, children: { _: { module: 'vm' } } };
    expect(await world.failure('a', wrong)).toMatchObject({
      reason: Reason.INVALID_FIELD,
      metadata: { field: 'inline_json', path: 'children._.module' },
    });
  });

  it('keeps with each park the child its recall branches to (of its slot, else of _), also when it is moved', async () => {
    world = flows.world(LOT);
    const children = { '101': { module: 'voicemail', data: { id: 'vm' } }, _: user('u2') };
    const first = parkOf(await world.execute('a', { ...park, children }, blind()));
    const other = parkOf(await world.execute('b', { ...park, children }, blind('102')));
    expect(first.branch).toEqual({
      flowId: '',
      child: '101',
      target: { to: { $case: 'voicemail', value: 'vm' } },
    });
    expect(other.branch?.child).toBe('_');
    expect((await world.move(first, '115')).branch).toEqual(first.branch);
    expect(parkOf(await world.execute('c', park, blind())).branch).toBeUndefined();
  });
});

describe('a request that makes no sense', () => {
  it.each([
    ['request_id', { requestId: 'x' }],
    ['tenant_id', { tenantId: 'a b' }],
    ['lot_id', { lotId: '_holding' }],
    ['captured_digits', { capturedDigits: '1 2' }],
    ['way_in', { wayIn: undefined }],
    ['attended_completion.replaced.call_id', { wayIn: completing('') }],
    ['note', { note: 'x'.repeat(513) }],
  ])('is refused: %s', async (field, changes) => {
    world = flows.world(LOT);
    expect((await world.failure('a', park, changes)).metadata['field']).toBe(field);
  });

  it('of a tenant that is not there is not found', async () => {
    world = flows.world(LOT);
    expect(await world.failure('a', park, { tenantId: 'nobody' })).toMatchObject({ reason: Reason.TENANT_NOT_FOUND });
  });
});

describe('a flow process', () => {
  it('that is killed while a call waits is followed by another one, which takes up the same request (R2)', async () => {
    world = flows.world(LOT);
    const [first, second] = flows.flows;
    if (first === undefined || second === undefined) throw new Error('two processes are needed');
    await world.execute('bob', park, at('101'));
    const once = { ...at('101'), requestId: requestId() };
    const cut = world.execute('carl', retrieve, once, first).then(
      () => 'answered',
      () => 'cut',
    );
    // Carl waits for the caller of the attended transfer; what comes after him has been answered.
    expect(await world.hear('dora', park, at('101'), first)).toMatchObject({ prompt: 'SLOT_IN_USE 101 to CALL' });
    flows.processes[0]?.signal('SIGKILL');
    expect(await cut).toBe('cut');
    await world.execute('ann', park, { wayIn: completing('bob') }, second);
    const begun = parkOf(await world.execute('carl', retrieve, once, second));
    expect(begun).toMatchObject({ state: ParkState.RETRIEVING, call: { callId: 'ann' } });
  });
});

describe('settings apply', () => {
  it('writes flows, which every process then carries out, and refuses wrong ones with their path', async () => {
    world = flows.world(LOT);
    const directory = await mkdtemp(join(tmpdir(), 'parkade-flows-'));
    try {
      const file = join(directory, 'settings.json');
      const apply = async (flow: unknown) => {
        await writeFile(file, JSON.stringify({ tenants: { [world.tenantId]: { flows: { parking: flow } } } }));
        return runCli(['settings', 'apply', file, '--etcd', cluster().etcd]);
      };
      expect(await apply({ module: 'park', data: { slot: '117' } })).toMatchObject({ code: 0, stderr: '' });
      expect((await world.hear('a', 'parking', { wayIn: BLIND }, flows.flows[1])).slot).toBe('117');
      const wrong = await apply({ module: 'park', children: { _: { module: 'conference' } } });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain(`tenants.${world.tenantId}.flows.parking.children._.module: must be one of park,`);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
