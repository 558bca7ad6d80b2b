import type { RingGroupSettings } from '@parkade/settings';
import { legId } from './leg-id.js';
import { MAX_LEGS } from './note.js';

/** How long a member of a ring group is rung where the group does not say, in ms. */
export const MEMBER_RING_MS = 20_000;

/** Groups in groups deeper than this are not rung: also what was written past its check ends. */
const MAX_DEPTH = 4;

/** A user's contacts, as they are registered now. */
export interface Contacts {
  /** One for each device; empty: unregistered. */
  readonly contacts: readonly string[];
  /** Whether the user is on the phone. */
  readonly busy: boolean;
}

/** One call to make. */
export interface PlannedLeg {
  readonly legId: string;
  /** The extension, or the parker. */
  readonly member: string;
  readonly contact: string;
  readonly timeoutMs: number;
}

/** Who is rung when: one leg, several together, or one after the other. */
export type PlanNode =
  | { readonly kind: 'leg'; readonly leg: PlannedLeg }
  | { readonly kind: 'together' | 'turns'; readonly parts: readonly PlanPart[] };

export interface PlanPart {
  /** From the beginning of the whole; where turns are taken, from the end of the part before. */
  readonly delayMs: number;
  readonly node: PlanNode;
}

/** Why nobody can be rung. */
/** `unreachable`: the contacts are not known just now. */
export type Nobody = 'no-parker' | 'unregistered' | 'busy' | 'no-group' | 'unreachable';

/** One attempt. */
export interface RingPlan {
  /** Empty: the parker. */
  readonly groupId: string;
  /** Decides the order of members, see `RecallNote.order`. */
  readonly order: number;
  readonly root: PlanNode;
  /** How long the whole may take. */
  readonly ringMs: number;
  /** Why there is no leg; undefined where there are some, and where the client rings. */
  readonly nobody: Nobody | undefined;
  /** The client of the API rings: there are no legs, and the attempt lasts its time. */
  readonly byClient: boolean;
}

const NOBODY: PlanNode = { kind: 'together', parts: [] };

/** An attempt without legs. */
export function emptyPlan(groupId: string, ringMs: number, nobody: Nobody | undefined): RingPlan {
  return { groupId, order: 0, root: NOBODY, ringMs, nobody, byClient: nobody === undefined };
}

/** Rings every contact of the parker together (R16). */
export function planParker(parkId: string, attempt: number, member: string, found: Contacts, ringMs: number): RingPlan {
  if (member === '') return emptyPlan('', ringMs, 'no-parker');
  if (found.contacts.length === 0) return emptyPlan('', ringMs, 'unregistered');
  const budget = { legs: MAX_LEGS };
  const root = memberNode({ parkId, attempt, budget }, member, found, ringMs);
  return { groupId: '', order: 0, root, ringMs, nobody: undefined, byClient: false };
}

export interface GroupPlanInput {
  readonly parkId: string;
  readonly attempt: number;
  readonly groupId: string;
  readonly groups: (groupId: string) => RingGroupSettings | undefined;
  /** Of each extension that `groupExtensions` names. */
  readonly contacts: ReadonlyMap<string, Contacts>;
  readonly order: number;
  readonly ringMs: number;
}

/** Rings a ring group; members that are busy or unregistered are left out. Groups in groups take turns as their own say. */
export function planGroup(input: GroupPlanInput): RingPlan {
  const { groupId, order, ringMs, groups, contacts } = input;
  if (groups(groupId) === undefined) return emptyPlan(groupId, ringMs, 'no-group');
  const legs: LegContext = { parkId: input.parkId, attempt: input.attempt, budget: { legs: MAX_LEGS } };
  const build = (id: string, above: readonly string[]): PlanNode => {
    const group = groups(id);
    if (group === undefined || above.includes(id) || above.length >= MAX_DEPTH) return NOBODY;
    const parts = ordered(group, order).map((member): PlanPart => {
      const { extension, ring_group_id: inner, timeout_ms: timeoutMs, delay_ms: delayMs } = member;
      if (inner !== undefined) return { delayMs, node: build(inner, [...above, id]) };
      const found = contacts.get(extension ?? '');
      const rung = found !== undefined && !found.busy;
      return { delayMs, node: rung ? memberNode(legs, extension ?? '', found, timeoutMs ?? MEMBER_RING_MS) : NOBODY };
    });
    return { kind: group.strategy === 'simultaneous' ? 'together' : 'turns', parts: parts.filter(hasLegs) };
  };
  const root = build(groupId, []);
  if (hasLegs({ node: root })) return { groupId, order, root, ringMs, nobody: undefined, byClient: false };
  const anyBusy = [...contacts.values()].some(({ busy }) => busy);
  return emptyPlan(groupId, ringMs, anyBusy ? 'busy' : 'unregistered');
}

/** Every extension a ring group may ring, through groups in it; each once, in order, at most `MAX_LEGS`. */
export function groupExtensions(
  groupId: string,
  groups: (groupId: string) => RingGroupSettings | undefined,
): readonly string[] {
  const extensions = new Set<string>();
  const visit = (id: string, above: readonly string[]): void => {
    if (above.includes(id) || above.length >= MAX_DEPTH) return;
    for (const { extension, ring_group_id: inner } of groups(id)?.members ?? []) {
      if (inner !== undefined) visit(inner, [...above, id]);
      else if (extension !== undefined && extensions.size < MAX_LEGS) extensions.add(extension);
    }
  };
  visit(groupId, []);
  return [...extensions];
}

/** Every leg of a plan. */
export function planLegs(node: PlanNode): readonly PlannedLeg[] {
  return node.kind === 'leg' ? [node.leg] : node.parts.flatMap((part) => planLegs(part.node));
}

interface LegContext {
  readonly parkId: string;
  readonly attempt: number;
  readonly budget: { legs: number };
}

function memberNode(ctx: LegContext, member: string, { contacts }: Contacts, timeoutMs: number): PlanNode {
  const legs = [...new Set(contacts)].slice(0, ctx.budget.legs);
  ctx.budget.legs -= legs.length;
  const parts = legs.map((contact): PlanPart => {
    const leg = { legId: legId(ctx.parkId, ctx.attempt, member, contact), member, contact, timeoutMs };
    return { delayMs: 0, node: { kind: 'leg', leg } };
  });
  return { kind: 'together', parts };
}

function ordered(group: RingGroupSettings, order: number): readonly RingGroupSettings['members'][number][] {
  const { members, strategy } = group;
  if (strategy === 'round_robin') {
    const first = order % members.length;
    return [...members.slice(first), ...members.slice(0, first)];
  }
  return strategy === 'random' ? shuffled(members, order) : members;
}

/** The same order for the same seed (Fisher-Yates, driven by a linear congruential generator). */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const out = [...items];
  let state = (seed ^ 0x9e3779b9) >>> 0;
  for (let i = out.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}

function hasLegs({ node }: { readonly node: PlanNode }): boolean {
  return node.kind === 'leg' || node.parts.some(hasLegs);
}
