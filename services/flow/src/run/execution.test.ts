import { ManualClock } from '@parkade/clock';
import { parseFlow } from '@parkade/flow';
import {
  Direction,
  MediaControl,
  OnOccupied,
  type Park,
  ParkActionOutcome,
  ParkState,
  PromptKind,
  Reason,
} from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../config.js';
import type { Arrival } from './arrival.js';
import { Execution } from './execution.js';
import type { ParkPort } from './park-port.js';
import type { Result } from './result.js';

type Asked = keyof ParkPort;
type Answer = Park | Refused | undefined;

/** A gateway that answers as it is told, and remembers what it was asked. */
class ScriptedPort implements ParkPort {
  readonly asked: { readonly what: Asked; readonly request: unknown; readonly atMs: number }[] = [];

  constructor(
    private readonly clock: ManualClock,
    private readonly script: (what: Asked, turn: number) => Answer,
  ) {}

  park = (request: unknown): Promise<Park | Refused> => this.#given('park', request);
  reserve = (request: unknown): Promise<Park | Refused> => this.#given('reserve', request);
  completeReservation = (request: unknown): Promise<Park | Refused> => this.#given('completeReservation', request);
  parkOrRetrieve = (request: unknown): Promise<Park | Refused> => this.#given('parkOrRetrieve', request);
  beginRetrieve = (request: unknown): Promise<Park | Refused> => this.#given('beginRetrieve', request);
  parkOfCall = (_tenantId: string, call: unknown): Promise<Park | undefined | Refused> =>
    Promise.resolve(this.#answer('parkOfCall', call));

  #given(what: Asked, request: unknown): Promise<Park | Refused> {
    const answer = this.#answer(what, request);
    return Promise.resolve(answer ?? new Refused(Reason.INTERNAL, 'the script has no answer'));
  }

  #answer(what: Asked, request: unknown): Answer {
    this.asked.push({ what, request, atMs: this.clock.monotonicMs() });
    return this.script(what, this.asked.length);
  }
}

function park(changes: Partial<Park> = {}): Park {
  return {
    ...{ parkId: 'p', tenantId: 'acme', lotId: 'default', slot: '101', state: ParkState.PARKED, call: undefined },
    ...{ parker: undefined, note: '', parkedAt: undefined, recallAt: undefined, revision: 1 },
    ...{ mediaControl: MediaControl.CALLER, retriever: undefined, retrieveId: '', giveUpAt: undefined },
    ...{ recallAttempt: 0, settingsRevision: 0, reservedUntil: undefined, previousParkId: '', endReason: '' },
    policy: undefined,
    ...changes,
  };
}

function arrival(data: object, changes: Partial<Arrival> = {}, children: object = {}): Arrival {
  const flow = parseFlow({ data, children });
  if (!flow.ok || flow.value.root.module !== 'park') throw new Error('no park node');
  const call = { mediaNode: 'fs1', callId: 'c', callerName: '', callerNumber: '', sipCallId: '' };
  return {
    ...{ requestId: 'r', tenantId: 'acme', lotId: '', flowId: '', node: flow.value.root, path: [], slot: '101' },
    ...{ parker: undefined, wayIn: 'direct', replaced: undefined, note: '', nextFree: false },
    call: { ...call, direction: Direction.UNSPECIFIED },
    mediaControl: MediaControl.CALLER,
    ...changes,
  };
}

const says = (reason: Reason, metadata: Record<string, string> = {}): Refused => new Refused(reason, 'no', metadata);

interface Run {
  readonly result: Result | Refused;
  readonly port: ScriptedPort;
  readonly tookMs: number;
}

/** Runs an execution to its end on a clock of its own; `withinMs`: the caller's time. */
async function run(given: Arrival, script: (what: Asked, turn: number) => Answer, withinMs = 20_000): Promise<Run> {
  const clock = new ManualClock(1_800_000_000_000);
  const port = new ScriptedPort(clock, script);
  const beganMs = clock.monotonicMs();
  const execution = new Execution(given, beganMs + withinMs, { port, clock, limits: DEFAULT_LIMITS });
  const results: (Result | Refused)[] = [];
  const ended = execution.run().then((result) => void results.push(result));
  const over = (): boolean => results.length > 0;
  for (let i = 0; i < 2_000 && !over(); i++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!over()) await clock.advance(25);
  }
  const tookMs = clock.monotonicMs() - beganMs;
  await ended;
  return { result: results[0] ?? new Refused(Reason.INTERNAL, 'it did not end'), port, tookMs };
}

function outcome({ result }: Run): string {
  if (result instanceof Refused) return `refused ${result.name}`;
  const said = result.prompt === undefined ? '' : ` ${PromptKind[result.prompt.kind]}`;
  return ParkActionOutcome[result.outcome] + said;
}

describe('auto', () => {
  const auto = arrival({ action: 'auto' });

  it('parks nothing in a slot that it once found being retrieved (F4)', async () => {
    const ended = await run(auto, (_, turn) => says(turn < 3 ? Reason.SLOT_RETRIEVING : Reason.SLOT_EMPTY));
    expect(outcome(ended)).toBe('REJECTED SLOT_EMPTY');
    expect(ended.port.asked.map(({ what }) => what)).toEqual(['parkOrRetrieve', 'beginRetrieve', 'beginRetrieve']);
  });

  it('finds the attempt that was applied when it is asked for again (F1)', async () => {
    const ended = await run(auto, (what) =>
      what === 'parkOrRetrieve' ? says(Reason.REQUEST_ID_REUSED) : park({ state: ParkState.RETRIEVING }),
    );
    expect(outcome(ended)).toBe('RETRIEVE_BEGUN');
    const ids = ended.port.asked.map(({ request }) => (request as { requestId: string }).requestId);
    expect(ids).toEqual(['r', 'r']);
  });

  it('is refused where its id was used for something else', async () => {
    expect(outcome(await run(auto, () => says(Reason.REQUEST_ID_REUSED)))).toBe('refused REQUEST_ID_REUSED');
  });
});

describe('a retriever waits', () => {
  const retrieve = arrival({ action: 'retrieve' });

  it.each([
    [Reason.SLOT_RESERVED, 3_000, 'REJECTED SLOT_EMPTY'],
    [Reason.SLOT_RETRIEVING, 15_000, 'REJECTED SLOT_IN_USE'],
  ])('while the slot is %i for %i ms, then hears why', async (reason, waitMs, heard) => {
    const ended = await run(retrieve, () => says(reason));
    expect(outcome(ended)).toBe(heard);
    expect(ended.tookMs).toBeGreaterThanOrEqual(waitMs);
    expect(ended.tookMs).toBeLessThan(waitMs + 100);
    // Bounded: not a storm of requests.
    expect(ended.port.asked.length).toBeLessThan(waitMs / 100);
  });

  it('no longer than its caller does', async () => {
    const ended = await run(retrieve, () => says(Reason.SLOT_RETRIEVING), 1_000);
    expect(ended.tookMs).toBeLessThan(1_100);
  });

  it('counts the wait for a completion by itself, after one for a retrieve', async () => {
    const ended = await run(retrieve, (_, turn) => says(turn < 20 ? Reason.SLOT_RETRIEVING : Reason.SLOT_RESERVED));
    expect(outcome(ended)).toBe('REJECTED SLOT_EMPTY');
    const changedMs = ended.port.asked[19]?.atMs ?? 0;
    const lastMs = ended.port.asked.at(-1)?.atMs ?? 0;
    expect(lastMs - changedMs).toBeGreaterThanOrEqual(3_000);
  });
});

describe('a blind transfer', () => {
  const blind = (changes: Partial<Arrival> = {}, children: object = {}): Arrival =>
    arrival({ action: 'retrieve' }, { wayIn: 'blind', ...changes }, children);

  it('asks to be held where it has no slot, unless the flow has a child for that', async () => {
    const request = async (given: Arrival) => (await run(given, () => park())).port.asked[0]?.request;
    expect(await request(blind())).toMatchObject({ onOccupied: OnOccupied.RING_PARKER, holdIfFull: true });
    expect(await request(blind({ nextFree: true }))).toMatchObject({ onOccupied: OnOccupied.NEXT_FREE });
    const child = { _: { module: 'user', data: { id: 'u' } } };
    expect(await request(blind({}, child))).toMatchObject({ onOccupied: OnOccupied.RING_PARKER, holdIfFull: false });
  });

  it.each([
    Reason.SLOT_OCCUPIED,
    Reason.SLOT_RESERVED,
    Reason.SLOT_RETRIEVING,
    Reason.LOT_FULL,
    Reason.SLOT_NOT_FOUND,
    Reason.DISABLED,
  ])('goes back to who transferred where even that is refused (F3): %i', async (reason) => {
    expect(outcome(await run(blind(), () => says(reason)))).toMatch(/^RETURN_TO_PARKER/);
  });

  it('is refused, to be tried again, where nobody knows', async () => {
    expect(outcome(await run(blind(), () => says(Reason.NO_OWNER)))).toBe('refused NO_OWNER');
  });
});

describe('a completion', () => {
  const completing = arrival({}, { wayIn: 'attended', replaced: { mediaNode: '', callId: 'x' } });

  it.each([Reason.PARK_ENDED, Reason.PARK_NOT_FOUND, Reason.WRONG_STATE])(
    'parks anywhere when its reservation is over by the time it comes: %i',
    async (reason) => {
      const ended = await run(completing, (what, turn) => {
        if (what === 'parkOfCall') return turn === 1 ? park({ state: ParkState.RESERVED }) : undefined;
        return what === 'park' ? park({ slot: '102' }) : says(reason);
      });
      expect(outcome(ended)).toBe('PARKED OTHER_SLOT_NUMBER');
      expect(ended.port.asked.at(-1)?.request).toMatchObject({ target: { kind: { $case: 'lot' } }, holdIfFull: true });
    },
  );

  it('does not complete what is no reservation', async () => {
    const ended = await run(completing, (what, turn) => {
      if (what === 'parkOfCall') return turn === 1 ? park({ state: ParkState.PARKED }) : undefined;
      return park();
    });
    expect(ended.port.asked.map(({ what }) => what)).toEqual(['parkOfCall', 'parkOfCall', 'park']);
  });

  it('is told again where the call is that was completed before', async () => {
    const ended = await run(completing, (_, turn) => (turn === 1 ? undefined : park()));
    expect(outcome(ended)).toBe('PARKED');
    expect(ended.port.asked.map(({ what }) => what)).toEqual(['parkOfCall', 'parkOfCall']);
  });
});
