import {
  FailedRecallNext,
  MediaControl,
  PresenceType,
  Reason,
  RecallOutcome,
  type SlotRecord,
  TransitionKind,
} from '@parkade/proto';
import { decodeRecord, encodeRecord } from '@parkade/slots';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ENDED } from './apply.js';
import { nextDueMs } from './due.js';
import { isSameCall } from './parks.js';
import { step } from './step.js';
import { applied, arrival, at, commands as c, NAME, policy } from './testing/fixtures.js';
import type { Arrival, SlotCommand, StepContext } from './types.js';

/** Numbers from which one command is made: which kind, about which park, by which call, and how much later. */
interface Move {
  readonly kind: SlotCommand['kind'];
  /** Chooses among the parks in the slot; a few beyond them choose one that ended, or none at all. */
  readonly target: number;
  readonly who: number;
  readonly variant: number;
  readonly laterMs: number;
}

const kinds: SlotCommand['kind'][] = [
  ...(['park', 'park', 'park', 'reserve', 'complete', 'begin-retrieve', 'begin-retrieve', 'confirm-retrieve'] as const),
  ...([
    'give-back',
    'claim-pickup',
    'retrieve',
    'release',
    'extend',
    'renew',
    'move-out',
    'move-in',
    'hold-for-move',
    'drop-hold',
  ] as const),
  ...(['begin-recall', 'begin-recall', 'note-recall', 'end-recall', 'end-recall', 'end-recall', 'tick'] as const),
];

const nexts = [FailedRecallNext.RETRY, FailedRecallNext.ESCALATE, FailedRecallNext.RE_PARK];
const outcomes = [RecallOutcome.ANSWERED, RecallOutcome.FAILED, RecallOutcome.BRANCHED, RecallOutcome.EXPIRED];

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom(...kinds),
  target: fc.nat({ max: 5 }),
  who: fc.nat({ max: 6 }),
  variant: fc.nat({ max: 11 }),
  // Clocks of two owners differ: now and then the time goes back.
  laterMs: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 20_000 }) }, { weight: 1, arbitrary: fc.constant(-500) }),
});

describe('the slot machine, whatever comes', () => {
  it('keeps its invariants M1 to M13', () => {
    const script = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.array(move, { minLength: 5, maxLength: 60 }));
    fc.assert(
      fc.property(script, ([capacity, moves]) => {
        const run = new Run(capacity);
        for (const each of moves) run.play(each);
        run.settle();
      }),
      { numRuns: 600 },
    );
  });

  it('reaches every kind of transition with such scripts', () => {
    const seen = new Set<TransitionKind>();
    for (const moves of fc.sample(fc.array(move, { minLength: 60, maxLength: 60 }), { numRuns: 400, seed: 1 })) {
      const run = new Run(2);
      for (const each of moves) run.play(each);
      for (const kind of run.kinds) seen.add(kind);
    }
    const all = Object.values(TransitionKind).filter((kind) => typeof kind === 'number');
    expect(all.filter((kind) => kind !== TransitionKind.UNSPECIFIED && !seen.has(kind))).toEqual([]);
  });
});

/** One slot's life, checked at every step. */
class Run {
  readonly kinds: TransitionKind[] = [];
  readonly #capacity: number;
  readonly #known = new Set<string>();
  readonly #gone = new Set<string>();
  #record: SlotRecord | undefined;
  #ctx: StepContext;
  #ids = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ctx = at(0, { capacity });
  }

  play(each: Move): void {
    this.#ctx = { ...this.#ctx, nowMs: this.#ctx.nowMs + each.laterMs };
    this.#checkNotBeforeItsTime();
    this.#step(this.#command(each));
  }

  /** M10: as many ticks as there are parks settle all that is overdue. */
  settle(): void {
    this.#ctx = { ...this.#ctx, nowMs: this.#ctx.nowMs + 3_600_000 };
    for (let ticks = this.#parks().length; ticks > 0; ticks--) this.#step({ kind: 'tick' });
    expect(step(this.#record, { kind: 'tick' }, this.#ctx)).toEqual({ kind: 'nothing' });
    const due = this.#record && nextDueMs(this.#record);
    expect(due ?? Infinity).toBeGreaterThan(this.#ctx.nowMs);
  }

  #step(command: SlotCommand): void {
    const before = deepFreeze(this.#record);
    deepFreeze(command);
    deepFreeze(this.#ctx);
    // M13: whatever is written to is frozen, and throws.
    const result = step(before, command, this.#ctx);
    expect(step(before, command, this.#ctx)).toEqual(result);
    if (result.kind === 'refuse') {
      // M4: a refusal carries a reason that is meant, and no record.
      expect(result.refusal.reason).not.toBe(Reason.INTERNAL);
      expect(result.refusal.message).not.toBe('');
    }
    if (result.kind !== 'apply') return;
    this.#record = result.record;
    this.#check(before, command, result);
  }

  #check(before: SlotRecord | undefined, command: SlotCommand, result: ReturnType<typeof applied>): void {
    const { record: after, park, left } = result;
    const last = after.last ?? expect.fail('no transition');
    const earlier = before?.parks ?? [];
    this.kinds.push(last.kind);

    // M1, M2
    expect(after.parks.length).toBeLessThanOrEqual(Math.max(this.#capacity, earlier.length));
    for (const [i, one] of after.parks.entries()) {
      expect(after.parks.slice(i + 1).some((other) => isSameCall(one.call, other.call))).toBe(false);
      if (one.state?.$case === 'retrieving') expect(isSameCall(one.call, one.state.value.by)).toBe(false);
    }

    // M3
    expect(this.#gone.has(park.parkId)).toBe(false);
    expect(after.parks.some(({ parkId }) => parkId === park.parkId)).toBe(!left);
    if (left && last.kind !== TransitionKind.MOVE_DROPPED) this.#gone.add(park.parkId);
    const was = earlier.find(({ parkId }) => parkId === park.parkId);
    if (last.kind === TransitionKind.RETRIEVED) {
      const by = was?.state?.$case === 'retrieving' ? was.state.value.by : undefined;
      expect(last.retriever).toEqual(command.kind === 'retrieve' ? command.by : by);
      expect(last.retriever).toBeDefined();
    }
    if (command.kind === 'confirm-retrieve' || command.kind === 'give-back') {
      expect(was?.state).toMatchObject({ $case: 'retrieving', value: { retrieveId: command.retrieveId } });
    }
    if (command.kind === 'claim-pickup') {
      // M12
      const [asked, now] = [was?.state, park.state];
      if (asked?.$case !== 'retrieving' || now?.$case !== 'retrieving') return expect.fail('nobody fetches it');
      expect(asked.value.pickup).toMatchObject({ claimed: false, digest: command.digest });
      expect(asked.value.pickup?.untilMs).toBeGreaterThan(this.#ctx.nowMs);
      expect(now.value).toEqual({
        ...asked.value,
        giveUpAtMs: Math.max(asked.value.giveUpAtMs, this.#ctx.nowMs + 10_000),
        pickup: { ...asked.value.pickup, claimed: true },
      });
      expect([command.mediaNode, command.fromMediaNodes]).toEqual([was?.call?.mediaNode, [asked.value.by?.mediaNode]]);
    }
    if (command.kind === 'give-back' && command.ifUnclaimed === true && was?.state?.$case === 'retrieving') {
      expect(was.state.value.pickup?.claimed ?? false).toBe(false);
    }
    if (last.kind === TransitionKind.RECALLED) expect(park.recallAttempt).toBe((was?.recallAttempt ?? 0) + 1);

    // M4
    expect(last.parkId).toBe(park.parkId);
    expect(last.kind).not.toBe(TransitionKind.UNSPECIFIED);
    expect(last).toMatchObject({ atMs: this.#ctx.nowMs, call: park.call, parker: park.parker });
    const others = (parks: SlotRecord['parks']): SlotRecord['parks'] =>
      parks.filter((each) => each.parkId !== park.parkId);
    expect(others(after.parks)).toEqual(others(earlier));

    // M5
    expect(after.documentVersion).toBeGreaterThan(before?.documentVersion ?? 0);
    expect(after.documentVersion).toBeGreaterThanOrEqual(Math.floor(this.#ctx.nowMs / 1000));

    // M6
    if (was === undefined) expect(this.#known.has(park.parkId)).toBe(false);
    this.#known.add(park.parkId);

    // M7, M8
    if (last.kind === TransitionKind.GIVEN_BACK) {
      const leftMs = was?.state?.$case === 'retrieving' ? was.state.value.leftMs : -1;
      const recallAtMs = leftMs === 0 ? 0 : this.#ctx.nowMs + leftMs;
      expect(park.state).toEqual({ $case: 'parked', value: { recallAtMs } });
      expect(step(after, c.retrieve(park.parkId, 'stranger'), this.#ctx).kind).toBe('apply');
    }
    if (last.kind === TransitionKind.RETRIEVE_BEGUN && was?.state?.$case === 'parked') {
      const { recallAtMs } = was.state.value;
      const leftMs = recallAtMs === 0 ? 0 : Math.max(1, recallAtMs - this.#ctx.nowMs);
      expect(park.state).toMatchObject({ $case: 'retrieving', value: { leftMs } });
    }

    // M9, and what is stored is what was decided.
    expect(after.ended.length).toBeLessThanOrEqual(MAX_ENDED);
    if (left && last.kind !== TransitionKind.MOVE_DROPPED) expect(after.ended.at(-1)?.parkId).toBe(park.parkId);
    const bytes = encodeRecord(after);
    expect(bytes.byteLength).toBeLessThan(3000 + this.#capacity * 3000);
    expect(decodeRecord(bytes)).toEqual(after);

    // M11
    const litBefore = before?.litPresenceId ?? '';
    if (litBefore !== '') expect([after.litPresenceId, last.presenceId]).toContain(litBefore);
  }

  /** M10: a tick before the time that is announced does nothing, one at that time does something. */
  #checkNotBeforeItsTime(): void {
    const due = this.#record && nextDueMs(this.#record);
    if (due === undefined) return;
    const early = { ...this.#ctx, nowMs: due - 1 };
    expect(step(this.#record, { kind: 'tick' }, early)).toEqual({ kind: 'nothing' });
    expect(step(this.#record, { kind: 'tick' }, { ...this.#ctx, nowMs: due }).kind).toBe('apply');
  }

  #parks(): SlotRecord['parks'] {
    return this.#record?.parks ?? [];
  }

  #command({ kind, target, who, variant }: Move): SlotCommand {
    const park = this.#parks()[target];
    const parkId = park?.parkId ?? this.#record?.ended.at(-1)?.parkId ?? 'never';
    const retrieveId = park?.state?.$case === 'retrieving' && variant > 2 ? park.state.value.retrieveId : 'other';
    const attempt = (park?.recallAttempt ?? 0) + (variant === 0 ? 1 : 0);
    switch (kind) {
      case 'park':
        return c.park(this.#newId(), `call-${who}`, this.#arrival(variant));
      case 'reserve':
        return c.reserve(this.#newId(), `call-${who}`, this.#arrival(variant));
      case 'complete':
        return c.complete(parkId, `call-${who}`);
      case 'begin-retrieve':
        return c.begin(
          variant < 6 ? undefined : parkId,
          `call-${who}`,
          this.#newId(),
          1000 * (1 + variant),
          variant % 4 === 3 ? undefined : `secret-${who}`,
        );
      case 'claim-pickup':
        return this.#claim(parkId, variant);
      case 'confirm-retrieve':
        return c.confirm(parkId, retrieveId);
      case 'give-back':
        return c.giveBack(parkId, retrieveId, 'busy', who < 3);
      case 'retrieve':
        return c.retrieve(variant < 6 ? undefined : parkId, `call-${who}`);
      case 'release':
        return c.release(parkId, (['released', 'abandoned', 'transfer', 'transfer', 'escaped'] as const)[variant % 5]);
      case 'extend':
        return c.extend(parkId, (variant % 3) * 10_000);
      case 'renew':
        return c.renew(parkId, { presenceId: `*3${who}`, ringbackTimeoutMs: (variant % 3) * 10_000 });
      case 'move-out':
        return c.moveOut(parkId);
      case 'move-in':
        return this.#moveIn(who, variant, target);
      case 'hold-for-move':
        return {
          ...c.hold(this.#newId(), `move-${variant % 3}`, this.#ctx.nowMs + 5000),
          kind: 'hold-for-move',
        } as SlotCommand;
      case 'drop-hold':
        return c.dropHold(`move-${variant % 3}`);
      case 'begin-recall':
        return c.beginRecall(parkId, attempt + (variant > 2 ? 1 : 0), new Uint8Array(variant * 180));
      case 'note-recall':
        return c.noteRecall(parkId, attempt, variant < 6 ? 0 : this.#ctx.nowMs + 1000);
      case 'end-recall':
        return c.endRecall(
          parkId,
          attempt,
          outcomes[variant % 4] ?? RecallOutcome.FAILED,
          variant * 1000,
          nexts[who % 3],
        );
      case 'tick':
        return { kind };
    }
  }

  /** A claim of a pickup that is open, or that is over, or guessed, or of another node. */
  #claim(parkId: string, variant: number): SlotCommand {
    const park = this.#parks().find(({ state }) => state?.$case === 'retrieving');
    const pickup = park?.state?.$case === 'retrieving' ? park.state.value.pickup : undefined;
    if (park === undefined || variant === 0) return c.claim(parkId, 'guess');
    const secret = pickup?.digest.toString().replace(/\.+$/, '') ?? 'none';
    return variant < 10
      ? c.claim(park.parkId, secret)
      : c.claim(park.parkId, secret, variant === 10 ? [] : undefined, 'm2');
  }

  #arrival(variant: number): Partial<Arrival> {
    const types = [PresenceType.EARLY, PresenceType.CONFIRMED, PresenceType.TERMINATED, PresenceType.UNSPECIFIED];
    return {
      mediaControl: variant === 0 ? MediaControl.CLUSTER : MediaControl.CALLER,
      policy: policy({
        ringbackTimeoutMs: (variant % 3) * 10_000,
        maxParkMs: variant % 5 === 0 ? 30_000 : 0,
        presenceType: types[variant % 4] ?? PresenceType.EARLY,
        presenceId: variant < 8 ? '*3701' : `custom-${variant}`,
      }),
    };
  }

  /** A park of another slot comes: by its own write, or to the hold that is found first. */
  #moveIn(who: number, variant: number, target: number): SlotCommand {
    const hold = this.#parks().find((park) => park.state?.$case === 'incoming');
    const incoming = hold?.state?.$case === 'incoming' && target > 1 ? hold.state.value : undefined;
    const source = arrival(incoming?.fromParkId ?? this.#newId(), `call-${who}`, this.#arrival(variant));
    const slot = { ...NAME, slot: '702' };
    const foreign = applied(step(undefined, { kind: 'park', ...source }, { ...this.#ctx, name: slot })).park;
    return {
      kind: 'move-in',
      requestId: 'move',
      park: { ...foreign, parkedAtMs: foreign.parkedAtMs - variant * 3000 },
      parkId: incoming === undefined || hold === undefined ? this.#newId() : hold.parkId,
      policy: policy({ presenceId: `moved-${variant}` }),
      from: slot,
      holdMoveId: incoming?.moveId,
    };
  }

  #newId(): string {
    return `id-${this.#ids++}`;
  }
}

/** Freezes all of it but bytes, which cannot be frozen. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
