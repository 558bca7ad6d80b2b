import {
  FailedRecallNext,
  MediaControl,
  type ParkRecord,
  PresenceType,
  RecallOutcome,
  type SlotName,
  type SlotRecord,
} from '@parkade/proto';
import { nextDueMs } from '../due.js';
import { step } from '../step.js';
import type { Arrival, SlotCommand, Step, StepContext } from '../types.js';
import { arrival, call, NAME, policy, T0 } from './fixtures.js';
import { refusalLine, slotLine, span, transitionLine } from './scenario-words.js';

// Commands of a scenario: a verb, then `key=value` words.
//
//   lot capacity=2 ringback=2m max=0 presence=early media=cluster   how slots and parks are from here on
//   park|reserve call=A slot=701                  parks are p1, p2, ... in the order they come
//   complete park=p1 call=C
//   retrieve|begin slot=701 by=B                  or park=p1; attempts are r1, r2, ...
//   auto call=B slot=701                          the flow action: begin to retrieve, else park where the slot is empty
//                                                 secret=s: what a phone of another node may come with
//   claim park=p1 secret=s from=m1,m2 at=m1
//   confirm|give-back park=p1 attempt=r1 cause=busy unclaimed=yes
//   release|hang-up|transfer park=p1 call=A       or escape park=p1 to=5000
//   extend park=p1 in=60s
//   move park=p1 slot=702                         both halves; between shards: hold, then move with hold=m1, or drop hold=m1
//   hold park=p1 slot=702                         holds are m1, m2, ...
//   recall|note|answer|fail|escalate|re-park|branch|expire park=p1 attempt=1 by=D next=2m
//   advance 45s                                   and what time does on the way
//   show 701

const SPAN_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

type Words = ReadonlyMap<string, string>;

/** The slots of one lot, the time, and the commands of a scenario. */
export class ScenarioWorld {
  readonly #slots = new Map<string, SlotRecord>();
  #counts = new Map<string, number>();
  #nowMs = T0;
  #capacity = 1;
  #policy = policy();
  #mediaControl = MediaControl.CALLER;

  /** Plays one command; what it led to, line by line. Throws on a command that is none. */
  run(line: string): string[] {
    const counts = new Map(this.#counts);
    const said = this.#play(line);
    // What is refused uses up no name.
    if (said.some((each) => each.startsWith('refused'))) this.#counts = counts;
    return said;
  }

  #play(line: string): string[] {
    const [verb = '', ...rest] = line.split(/\s+/);
    const words = new Map(rest.map((word) => splitWord(word)));
    switch (verb) {
      case 'lot':
        return this.#lot(words);
      case 'advance':
        return this.#advance(spanMs(rest[0] ?? ''));
      case 'show':
        return rest.map((slot) => slotLine(slot, this.#slots.get(slot), this.#nowMs));
      case 'auto':
        return this.#auto(words);
      case 'move':
        return this.#move(words);
      default:
        return this.#apply(this.#slotOf(words), this.#command(verb, words));
    }
  }

  #lot(words: Words): string[] {
    this.#capacity = Number(words.get('capacity') ?? this.#capacity);
    this.#mediaControl = words.get('media') === 'cluster' ? MediaControl.CLUSTER : MediaControl.CALLER;
    this.#policy = policy({
      ringbackTimeoutMs: spanMs(words.get('ringback') ?? '2m'),
      maxParkMs: spanMs(words.get('max') ?? '0'),
      presenceType: words.get('presence') === 'confirmed' ? PresenceType.CONFIRMED : PresenceType.EARLY,
    });
    return [];
  }

  #advance(ms: number): string[] {
    const endMs = this.#nowMs + ms;
    const lines: string[] = [];
    for (;;) {
      const dues = [...this.#slots].map(([slot, record]) => ({ slot, dueMs: nextDueMs(record) ?? Infinity }));
      const first = dues.sort((a, b) => a.dueMs - b.dueMs)[0];
      if (first === undefined || first.dueMs > endMs) break;
      const waitedMs = Math.max(0, first.dueMs - this.#nowMs);
      this.#nowMs += waitedMs;
      lines.push(`${span(waitedMs)} later`, ...this.#apply(first.slot, { kind: 'tick' }));
    }
    this.#nowMs = endMs;
    return lines;
  }

  #auto(words: Words): string[] {
    const slot = this.#slotOf(words);
    const empty = (this.#slots.get(slot)?.parks ?? []).length === 0;
    const asBegin = new Map(words).set('by', words.get('call') ?? '');
    return this.#apply(slot, empty ? this.#command('park', words) : this.#command('begin', asBegin));
  }

  #move(words: Words): string[] {
    const parkId = this.#need(words, 'park');
    const from = this.#slotOfPark(parkId);
    const to = this.#need(words, 'slot');
    const holdMoveId = words.get('hold');
    const park = this.#park(parkId);
    const hold = this.#slots.get(to)?.parks.find(({ state }) => state?.$case === 'incoming');
    const nextParkId = holdMoveId === undefined || hold === undefined ? this.#newId('p') : hold.parkId;
    const requestId = 'move';
    const out = this.#step(from, { kind: 'move-out', requestId, parkId, to: name(to), nextParkId });
    const moveIn = { kind: 'move-in', requestId, park, parkId: nextParkId, from: name(from), holdMoveId } as const;
    const into = this.#step(to, { ...moveIn, policy: { ...this.#policy, presenceId: `*3${to}` } });
    // Both records are written in one transaction, or none.
    if (out.kind !== 'apply') return this.#say(from, out);
    if (into.kind !== 'apply') return this.#say(to, into);
    return [...this.#say(from, out), ...this.#say(to, into)];
  }

  #command(verb: string, words: Words): SlotCommand {
    const requestId = verb;
    const parkId = words.get('park') ?? '';
    const attempt = Number(words.get('attempt') ?? 1);
    switch (verb) {
      case 'park':
      case 'reserve':
        return { kind: verb, ...this.#arrival(words) };
      case 'complete':
        return { kind: 'complete', requestId, parkId, call: call(this.#need(words, 'call')) };
      case 'retrieve':
        return { kind: 'retrieve', requestId, parkId: words.get('park'), by: call(this.#need(words, 'by')) };
      case 'begin': {
        const by = call(this.#need(words, 'by'));
        const giveUpAfterMs = spanMs(words.get('give-up') ?? '10s');
        const secret = words.get('secret');
        return {
          kind: 'begin-retrieve',
          requestId,
          parkId: words.get('park'),
          retrieveId: this.#newId('r'),
          by,
          giveUpAfterMs,
          pickupDigest: secret === undefined ? undefined : Buffer.from(secret),
        };
      }
      case 'claim': {
        const fromMediaNodes = (words.get('from') ?? call('').mediaNode).split(',');
        const digest = Buffer.from(this.#need(words, 'secret'));
        return {
          kind: 'claim-pickup',
          requestId,
          parkId,
          digest,
          mediaNode: words.get('at') ?? call('').mediaNode,
          fromMediaNodes,
        };
      }
      case 'confirm':
        return { kind: 'confirm-retrieve', requestId, parkId, retrieveId: this.#need(words, 'attempt') };
      case 'give-back': {
        const cause = words.get('cause') ?? '';
        const ifUnclaimed = words.has('unclaimed');
        return { kind: 'give-back', requestId, parkId, retrieveId: this.#need(words, 'attempt'), cause, ifUnclaimed };
      }
      case 'release':
      case 'hang-up':
      case 'transfer':
      case 'escape': {
        const cause = CAUSES[verb];
        return {
          kind: 'release',
          requestId,
          parkId,
          cause,
          callId: words.get('call'),
          destination: words.get('to') ?? '',
        };
      }
      case 'extend':
        return { kind: 'extend', requestId, parkId, recallInMs: spanMs(this.#need(words, 'in')) };
      case 'hold': {
        const hold = { requestId: this.#newId('m'), parkId: this.#newId('p'), fromParkId: parkId };
        return { kind: 'hold-for-move', ...hold, untilMs: this.#nowMs + 5000 };
      }
      case 'drop':
        return { kind: 'drop-hold', moveId: this.#need(words, 'hold') };
      case 'recall': {
        const ringMs = this.#policy.callbackTimeoutMs;
        return { kind: 'begin-recall', requestId, parkId, attempt, ringMs, legs: new Uint8Array() };
      }
      case 'note':
        return { kind: 'note-recall', requestId, parkId, attempt, legs: new Uint8Array(), untilMs: 0 };
      default: {
        const outcome = OUTCOMES.get(verb);
        if (outcome === undefined) throw new Error(`no such command: ${verb}`);
        const by = words.get('by');
        const answeredBy = by === undefined ? undefined : call(by);
        const nextRecallMs = spanMs(words.get('next') ?? '2m');
        const reason = words.get('cause') ?? '';
        const next = NEXTS.get(verb) ?? FailedRecallNext.UNSPECIFIED;
        return { kind: 'end-recall', requestId, parkId, attempt, outcome, reason, answeredBy, nextRecallMs, next };
      }
    }
  }

  #arrival(words: Words): Arrival {
    const presenceId = `*3${this.#need(words, 'slot')}`;
    return arrival(this.#newId('p'), this.#need(words, 'call'), {
      mediaControl: this.#mediaControl,
      policy: { ...this.#policy, presenceId },
    });
  }

  #apply(slot: string, command: SlotCommand): string[] {
    return this.#say(slot, this.#step(slot, command));
  }

  #step(slot: string, command: SlotCommand): Step {
    const ctx: StepContext = { nowMs: this.#nowMs, name: name(slot), capacity: this.#capacity, transferGraceMs: 5000 };
    return step(this.#slots.get(slot), command, ctx);
  }

  #say(slot: string, result: Step): string[] {
    if (result.kind === 'refuse') return [refusalLine(result.refusal, this.#nowMs)];
    if (result.kind === 'nothing' || result.record.last === undefined) return ['nothing happens'];
    this.#slots.set(slot, result.record);
    return [transitionLine(slot, result.record.last), `  ${slotLine(slot, result.record, this.#nowMs)}`];
  }

  #slotOf(words: Words): string {
    return words.get('slot') ?? this.#slotOfPark(this.#need(words, 'park'));
  }

  #slotOfPark(parkId: string): string {
    for (const [slot, { parks, ended }] of this.#slots) {
      if ([...parks, ...ended].some((each) => each.parkId === parkId)) return slot;
    }
    throw new Error(`no such park: ${parkId}`);
  }

  #park(parkId: string): ParkRecord {
    const parks = [...this.#slots.values()].flatMap((record) => record.parks);
    return parks.find((park) => park.parkId === parkId) ?? { ...NOBODY, parkId };
  }

  #newId(prefix: string): string {
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, count);
    return `${prefix}${count}`;
  }

  #need(words: Words, key: string): string {
    const value = words.get(key);
    if (value === undefined) throw new Error(`missing ${key}=`);
    return value;
  }
}

const OUTCOMES: ReadonlyMap<string, RecallOutcome> = new Map([
  ['answer', RecallOutcome.ANSWERED],
  ['fail', RecallOutcome.FAILED],
  ['escalate', RecallOutcome.FAILED],
  ['re-park', RecallOutcome.FAILED],
  ['branch', RecallOutcome.BRANCHED],
  ['expire', RecallOutcome.EXPIRED],
]);

const NEXTS: ReadonlyMap<string, FailedRecallNext> = new Map([
  ['escalate', FailedRecallNext.ESCALATE],
  ['re-park', FailedRecallNext.RE_PARK],
]);

const CAUSES = { release: 'released', 'hang-up': 'abandoned', transfer: 'transfer', escape: 'escaped' } as const;

/** In the place of a park that is gone: the source refuses before it matters. */
const NOBODY: Omit<ParkRecord, 'parkId'> = {
  call: undefined,
  parker: undefined,
  note: '',
  parkedAtMs: 0,
  policy: undefined,
  mediaControl: MediaControl.UNSPECIFIED,
  recallAttempt: 0,
  state: undefined,
  previousParkId: '',
};

function name(slot: string): SlotName {
  return { ...NAME, slot };
}

function splitWord(word: string): [string, string] {
  const [key = '', value = ''] = word.split('=');
  return [key, value];
}

function spanMs(text: string): number {
  const [, count = '', unit = 's'] = /^([0-9.]+)(ms|s|m|h)?$/.exec(text) ?? [];
  if (count === '') throw new Error(`no time span: ${text}`);
  return Number(count) * (SPAN_UNITS[unit] ?? 1);
}
