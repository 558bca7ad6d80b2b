import { Refused } from '@parkade/rpc';
import { putRingGroup } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Group } from '../groups/group.js';
import { AdminBench, done, refusal, TENANT } from './admin-bench.testing.js';

/** Somewhere to race: a store that is empty before each test. */
export interface RaceSubject {
  readonly store: Store;
  readonly clear: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const ROUNDS = 5;
const WRITERS = 6;

/** What holds when several processes write at once, on any store. */
export function adminRaces(name: string, make: () => Promise<RaceSubject>): void {
  describe(`rules between writers of a tenant, on ${name}`, { timeout: 60_000 }, () => {
    let subject: RaceSubject;
    let bench: AdminBench;
    beforeAll(async () => {
      subject = await make();
    }, 60_000);
    afterAll(() => subject.dispose());
    beforeEach(async () => {
      await subject.clear();
      bench = await AdminBench.start(subject.store, 3);
    });
    afterEach(() => bench.close());

    /** Runs `write` in several processes at once; how many were done. */
    const race = async (write: (index: number) => Promise<unknown>): Promise<number> => {
      const results = await Promise.all(Array.from({ length: WRITERS }, (_, i) => write(i)));
      return results.filter((result) => !(result instanceof Refused)).length;
    };

    it('one of many groups gets a name, and the others hear whose it is (P1)', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const name = `Desk ${round}`;
        expect(await race((i) => bench.process(i).groups.create(TENANT, { name }))).toBe(1);
      }
      const names = (await bench.stored()).map((group) => group.name);
      expect(new Set(names).size).toBe(ROUNDS);
      expect(names).toHaveLength(ROUNDS);
    });

    it('a user ends up in one group, whoever adds it where (P5)', async () => {
      const groups: Group[] = [];
      for (let i = 0; i < WRITERS; i++) groups.push(await bench.group(`Group ${i}`));
      for (let round = 0; round < ROUNDS; round++) {
        const extension = String(101 + round);
        expect(await race((i) => bench.process(i).members.add(TENANT, groups[i]?.id ?? '', extension))).toBe(1);
      }
      const members = (await bench.stored()).flatMap((group) => (group.members ?? []).map((one) => one.extension));
      expect(members.sort()).toEqual(['101', '102', '103', '104', '105']);
    });

    it('a user is deleted or made a member, never both (P4, A2)', async () => {
      const group = await bench.group('Desk');
      for (let round = 0; round < ROUNDS; round++) {
        const extension = String(101 + round);
        const [added, deleted] = await Promise.all([
          bench.process(round).members.add(TENANT, group.id, extension),
          bench.process(round + 1).users.destroy(TENANT, extension),
        ]);
        expect([refusal(added), refusal(deleted)].filter((result) => result === 'done')).toHaveLength(1);
        const user = await bench.admin.users.show(TENANT, extension);
        const members = done(await bench.admin.members.list(TENANT, group.id)).value;
        expect(members.some((one) => one.extension_number === extension)).toBe(!(user instanceof Refused));
      }
    });

    it('a ring group is deleted or named, never both (A3)', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const ring = `ring-${round}`;
        done(await bench.admin.ringGroups.put(TENANT, ring, { members: [{ extension: '101' }] }));
        const target = { recall_to: 'RING_GROUP_ONLY' as const, ring_group_id: ring };
        const results = await Promise.all([
          bench.process(0).groups.create(TENANT, { name: `g${round}`, ...target }),
          bench.process(1).ringGroups.destroy(TENANT, ring),
          bench.process(2).parkServers.update(TENANT, target),
        ]);
        const [created, deleted, updated] = results.map(refusal);
        expect([created, updated]).toEqual(
          deleted === 'done'
            ? ['INVALID_FIELD ring_group_id', 'INVALID_FIELD ring_group_id']
            : expect.arrayContaining(['done']),
        );
        done(await bench.admin.parkServers.update(TENANT, { recall_to: 'USER_ONLY' }));
      }
    });

    it('ring groups never lead in a circle (A4)', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const [a, b] = [`a${round}`, `b${round}`];
        for (const id of [a, b]) await putRingGroup(bench.store, TENANT, id, { members: [{ extension: '101' }] });
        const results = await Promise.all([
          bench.process(0).ringGroups.put(TENANT, a, { members: [{ ring_group_id: b }] }),
          bench.process(1).ringGroups.put(TENANT, b, { members: [{ ring_group_id: a }] }),
        ]);
        expect(results.map(refusal).sort()).toEqual(['INVALID_FIELD members[0].ring_group_id', 'done']);
      }
    });

    it('one of many writers who know a revision is done, and no change of another is lost', async () => {
      const group = await bench.group('Desk');
      const { revision } = done(await bench.admin.groups.show(TENANT, group.id));
      const guarded = (i: number) =>
        bench.process(i).groups.update(TENANT, group.id, { name: `Desk ${i}` }, { expectedRevision: revision });
      expect(await race(guarded)).toBe(1);
      const extensions = ['101', '102', '103', '104', '105', '106'];
      expect(await race((i) => bench.process(i).members.add(TENANT, group.id, extensions[i] ?? ''))).toBe(WRITERS);
      const members = done(await bench.admin.members.list(TENANT, group.id)).value;
      expect(members.map(({ extension_number }) => extension_number).sort()).toEqual(extensions);
    });

    it('a member that is removed and added again at once is a member or is not, and never drains for ever (P6)', async () => {
      const group = await bench.group('Desk', ['101']);
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([
          bench.process(0).members.remove(TENANT, group.id, '101'),
          bench.process(1).members.add(TENANT, group.id, '101'),
        ]);
        await bench.process(2).draining.sweep();
        const members = done(await bench.process(2).members.list(TENANT, group.id)).value;
        expect(members.every(({ enabled, draining }) => enabled && !draining)).toBe(true);
        done(await bench.process(0).members.add(TENANT, group.id, '101'));
      }
    });
  });
}
