import { SystemClock } from '@parkade/clock';
import { Refused } from '@parkade/rpc';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Admin } from '../admin.js';
import { AdminBench, done, refusal, TENANT } from '../testing/admin-bench.testing.js';
import type { GroupInput } from './group.js';

let store: Store;
let bench: AdminBench;
let admin: Admin;
beforeEach(async () => {
  store = await openEmbeddedStore({ clock: new SystemClock() });
  bench = await AdminBench.start(store, 1, { limits: { maxGroups: 4 } });
  admin = bench.admin;
  done(await admin.ringGroups.put(TENANT, 'night', { members: [{ extension: '109' }] }));
});
afterEach(async () => {
  bench.close();
  await store.close();
});

const show = async (id: string) => {
  const shown = await admin.groups.show(TENANT, id);
  return shown instanceof Refused ? shown.name : shown.value;
};
const members = async (id: string) =>
  done(await admin.members.list(TENANT, id)).value.map((one) => `${one.extension_number}${one.enabled ? '' : ' off'}`);

describe('a group', () => {
  it.each<[string, GroupInput, string]>([
    ['a ring-group mode without a ring group', { name: 'x', recall_to: 'RING_GROUP_ONLY' }, 'ring_group_id'],
    ['a ring group without its mode', { name: 'x', ring_group_id: 'night' }, 'ring_group_id'],
    [
      'a ring group for the parker alone',
      { name: 'x', recall_to: 'USER_ONLY', ring_group_id: 'night' },
      'ring_group_id',
    ],
    ['another’s ring group', { name: 'x', recall_to: 'RING_GROUP_ONLY', ring_group_id: 'none' }, 'ring_group_id'],
    ['an empty name', { name: '' }, 'name'],
    ['65 characters', { name: '😀'.repeat(65) }, 'name'],
    ['half a character', { name: '\ud83d' }, 'name'],
  ])('is refused with %s', async (_, input, field) => {
    expect(refusal(await admin.groups.create(TENANT, input))).toBe(`INVALID_FIELD ${field}`);
    expect(await bench.stored()).toHaveLength(0);
  });

  it('takes names of 64 characters of any kind, to the character (P1)', async () => {
    done(await admin.groups.create(TENANT, { name: '😀'.repeat(64) }));
    done(await admin.groups.create(TENANT, { name: 'Desk' }));
    done(await admin.groups.create(TENANT, { name: 'desk' }));
    expect(refusal(await admin.groups.create(TENANT, { name: 'Desk' }))).toBe('NAME_TAKEN name');
  });

  it('is refused where the tenant has as many as it may, or is not there', async () => {
    for (const name of ['a', 'b', 'c', 'e']) done(await admin.groups.create(TENANT, { name }));
    expect(refusal(await admin.groups.create(TENANT, { name: 'd' }))).toBe('TOO_MANY');
    expect(refusal(await admin.groups.create('other', { name: 'd' }))).toBe('TENANT_NOT_FOUND');
    expect(refusal(await admin.groups.show('other', 'x'))).toBe('GROUP_NOT_FOUND');
  });

  it('changes what an update names and nothing else (P2)', async () => {
    const { value } = done(
      await admin.groups.create(TENANT, { name: 'Desk', recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' }),
    );
    done(await admin.members.add(TENANT, value.id, '101'));
    done(await admin.groups.update(TENANT, value.id, { name: 'Front' }));
    expect(await show(value.id)).toMatchObject({ name: 'Front', recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' });
    done(await admin.groups.update(TENANT, value.id, { recall_to: 'USER_FIRST_THEN_RING_GROUP' }));
    expect(await show(value.id)).toMatchObject({ name: 'Front', ring_group_id: 'night' });
    const both = { recall_to: 'USER_ONLY', ring_group_id: 'night' } as const;
    expect(refusal(await admin.groups.update(TENANT, value.id, both))).toBe('INVALID_FIELD ring_group_id');
    // Nothing but the mode can take a ring group away.
    done(await admin.groups.update(TENANT, value.id, { recall_to: 'USER_ONLY' }));
    expect(await show(value.id)).toMatchObject({ recall_to: 'USER_ONLY', ring_group_id: undefined });
    expect(refusal(await admin.groups.update(TENANT, value.id, { ring_group_id: 'night' }))).toBe(
      'INVALID_FIELD ring_group_id',
    );
    expect(await members(value.id)).toEqual(['101']);
  });

  it('is changed at the revision expected alone', async () => {
    const { value, revision } = done(await admin.groups.create(TENANT, { name: 'Desk' }));
    const stale = { expectedRevision: revision };
    const written = done(await admin.groups.update(TENANT, value.id, { name: 'a' }, stale));
    expect(refusal(await admin.groups.update(TENANT, value.id, { name: 'b' }, stale))).toBe('REVISION_CONFLICT');
    expect(refusal(await admin.groups.destroy(TENANT, value.id, stale))).toBe('REVISION_CONFLICT');
    expect(refusal(await admin.members.add(TENANT, value.id, '101', stale))).toBe('REVISION_CONFLICT');
    expect(done(await admin.groups.show(TENANT, value.id)).revision).toBe(written.revision);
  });
});

describe('a member', () => {
  it('is a user of the tenant, of one group, in the order of its coming (P4, P5, R9)', async () => {
    const desk = await bench.group('Desk', ['103', '101']);
    const other = await bench.group('Other');
    done(await admin.members.add(TENANT, desk.id, '103'));
    expect(await members(desk.id)).toEqual(['103', '101']);
    expect(refusal(await admin.members.add(TENANT, other.id, '101'))).toBe('MEMBER_ELSEWHERE');
    expect(refusal(await admin.members.add(TENANT, other.id, '999'))).toBe('USER_NOT_FOUND');
    expect(refusal(await admin.members.add(TENANT, 'none', '102'))).toBe('GROUP_NOT_FOUND');
    expect(refusal(await admin.members.remove(TENANT, desk.id, '102'))).toBe('MEMBER_NOT_FOUND');
    expect(refusal(await admin.users.destroy(TENANT, '101'))).toBe('IN_USE');
    done(await admin.members.remove(TENANT, desk.id, '101'));
    done(await admin.members.add(TENANT, other.id, '101'));
    expect([await members(desk.id), await members(other.id)]).toEqual([['103'], ['101']]);
  });
});

describe('what has calls parked (P3, P6)', () => {
  it('drains: a member takes no more, and goes with its call', async () => {
    const desk = await bench.group('Desk', ['101', '102']);
    bench.parked.calls.add(`${desk.id} 101`);
    done(await admin.members.remove(TENANT, desk.id, '101'));
    expect(await members(desk.id)).toEqual(['101 off', '102']);
    const other = await bench.group('Other');
    expect(refusal(await admin.members.add(TENANT, other.id, '101'))).toBe('MEMBER_ELSEWHERE');
    await admin.draining.sweep();
    expect(await members(desk.id)).toEqual(['101 off', '102']);
    bench.parked.calls.clear();
    await admin.draining.sweep();
    expect(await members(desk.id)).toEqual(['102']);
    done(await admin.members.add(TENANT, other.id, '101'));
  });

  it('is a member again where it is added again', async () => {
    const desk = await bench.group('Desk', ['101']);
    bench.parked.calls.add(`${desk.id} 101`);
    done(await admin.members.remove(TENANT, desk.id, '101'));
    done(await admin.members.add(TENANT, desk.id, '101'));
    bench.parked.calls.clear();
    await admin.draining.sweep();
    expect(await members(desk.id)).toEqual(['101']);
  });

  it('drains: a group is switched off, refuses changes, and goes with its last call', async () => {
    const desk = await bench.group('Desk', ['101', '102']);
    bench.parked.calls.add(`${desk.id} 102`);
    done(await admin.groups.destroy(TENANT, desk.id));
    expect(await show(desk.id)).toMatchObject({ enabled: false, draining: true });
    expect(refusal(await admin.groups.update(TENANT, desk.id, { enabled: true }))).toBe('DISABLED');
    expect(refusal(await admin.members.add(TENANT, desk.id, '103'))).toBe('DISABLED');
    expect(refusal(await admin.groups.create(TENANT, { name: 'Desk' }))).toBe('NAME_TAKEN name');
    bench.parked.calls.clear();
    await admin.draining.sweep();
    expect(await show(desk.id)).toBe('GROUP_NOT_FOUND');
    done(await admin.groups.create(TENANT, { name: 'Desk' }));
  });

  it('is looked at again when nobody could be asked, and leaves nothing behind (D2)', async () => {
    const desk = await bench.group('Desk', ['101']);
    bench.parked.away = true;
    done(await admin.groups.destroy(TENANT, desk.id));
    expect(await show(desk.id)).toMatchObject({ draining: true });
    bench.parked.away = false;
    await admin.draining.sweep();
    expect(await show(desk.id)).toBe('GROUP_NOT_FOUND');
    const marks = await store.range({ start: '/parkade/draining/', end: '/parkade/draining0' });
    expect(marks.kvs).toHaveLength(0);
  });

  it('is gone at once where nothing is parked', async () => {
    const desk = await bench.group('Desk', ['101']);
    done(await admin.members.remove(TENANT, desk.id, '101'));
    expect(await members(desk.id)).toEqual([]);
    done(await admin.groups.destroy(TENANT, desk.id));
    expect(await show(desk.id)).toBe('GROUP_NOT_FOUND');
  });
});
