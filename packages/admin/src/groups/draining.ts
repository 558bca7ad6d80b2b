import { keys, parseDrainingKey } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import { encodeJson } from '@parkade/settings';
import { type Op, prefixRange, type Store } from '@parkade/store';
import { patched } from '../json-object.js';
import type { ParkedCalls } from '../parked-calls.js';
import type { TenantWriter } from '../tenant-writer.js';
import { storedGroup } from './group.js';

/** Groups looked at in one sweep; the others wait for the next. */
const MAX_A_SWEEP = 1_000;

const NOTHING = new Uint8Array();

/**
 * Groups and members that were removed while calls of theirs were parked.
 *
 *   D1. First it is written that they take no more, then it is looked what they have: an owner that was asked has seen the mark,
 *       so what it does not hold it will not get.
 *   D2. A group stands in the list of those to look at from the mark until nothing of it drains. So any gateway finishes what
 *       another one began.
 */
export class Draining {
  constructor(
    private readonly deps: {
      readonly store: Store;
      readonly writer: TenantWriter;
      readonly parked: ParkedCalls;
    },
  ) {}

  /** Written together with the mark on the group or member. */
  mark(tenantId: string, groupId: string): Op {
    return { kind: 'put', key: keys.drainingGroup(tenantId, groupId), value: NOTHING };
  }

  /** Removes what has no calls left. `revision`: the mark's. Whoever cannot be asked just now is asked by a later sweep. */
  async settle(tenantId: string, groupId: string, revision: number): Promise<void> {
    const key = keys.group(tenantId, groupId);
    const markKey = keys.drainingGroup(tenantId, groupId);
    const stored = await this.deps.writer.read(key);
    if (stored instanceof Refused) return;
    const group = storedGroup(groupId, stored);
    const asked = group instanceof Refused ? [] : leaving(group);
    const held = await this.deps.parked.ofGroup(tenantId, groupId, asked, Math.max(revision, stored?.revision ?? 0));
    if (held instanceof Refused) return;
    await this.deps.writer.write(tenantId, [key, markKey], ({ at }) => {
      const done: Op = { kind: 'delete', range: { start: markKey } };
      const unmark = at(markKey) === undefined ? [] : [done];
      const now = storedGroup(groupId, at(key));
      // Gone, or put there anew by hand.
      if (now instanceof Refused) return { value: undefined, ops: unmark };
      const gone = new Set(leaving(now).filter((extension) => asked.includes(extension) && !held.has(extension)));
      if (now.draining === true && gone.size === now.members.length) {
        return { value: undefined, ops: [{ kind: 'delete', range: { start: key } }, ...unmark] };
      }
      const left = now.members.filter(({ extension, draining }) => draining !== true || !gone.has(extension));
      const still = now.draining === true || left.some(({ draining }) => draining === true);
      if (left.length === now.members.length) return { value: undefined, ops: still ? [] : unmark };
      const value = encodeJson(patched(at(key)?.json, { members: left }));
      return { value: undefined, ops: [{ kind: 'put', key, value }, ...(still ? [] : unmark)] };
    });
  }

  /** Looks at everything that drains, whoever began it. */
  async sweep(): Promise<void> {
    const { kvs } = await this.deps.store.range(prefixRange(keys.draining), { limit: MAX_A_SWEEP });
    for (const { key, modRevision } of kvs) {
      const group = parseDrainingKey(key);
      if (group !== undefined) await this.settle(group.tenantId, group.groupId, modRevision);
    }
  }
}

/** The members that go: all of a group that drains, else those that do. */
function leaving(group: {
  readonly draining?: boolean | undefined;
  readonly members: readonly { readonly extension: string; readonly draining?: boolean | undefined }[];
}): readonly string[] {
  return group.members
    .filter(({ draining }) => group.draining === true || draining === true)
    .map(({ extension }) => extension);
}
