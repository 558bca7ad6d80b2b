// Whatever befalls a pickup, and whenever:
//   F1. Within PUT_BACK_MS the attempt is over: the slot is not `retrieving` any more, and nothing is under way.
//   F2. A caller who has not hung up waits in his slot with music and his mark (R3), or talks with who fetched him; one who has
//       talked with him may have ended with him.
//   F3. Whoever came to fetch him talks with him, or has been told and is gone; no leg is left behind.
//   F4. A caller who waits is fetched by the next who comes.
import { ParkState } from '@parkade/proto';
import type { Channel } from '@parkade/media-simulator';
import { expect, test } from 'vitest';
import type { RequestFault } from '../testing/one-slot.js';
import { TwoNodes } from '../testing/two-nodes.js';
import type { FetchRequest } from './fetching.js';

/** Past a fault; what is slow or unheard is given its own time limit first. */
const PUT_BACK_MS = 5_000;
/** How long a slow answer takes. */
const SLOW_MS = 1_500;
/** Of the some two thousand pairs of mishaps this share is tried, another step of each each time. */
const EVERY = 23;

type Mishap = 'retriever hangs up' | 'caller hangs up' | 'lost' | 'unheard' | 'slow';
type When = 'before' | 'after' | 'told';

/** A mishap at the n-th of the steps of a pickup. */
interface Fault {
  readonly at: number;
  readonly what: Mishap;
}

interface Step {
  readonly name: string;
  readonly when: When;
}

/** Where the phone is that fetches the call; `rung`: at the call's node, which rings it because somebody wants the call there. */
type Where = 'here' | 'there' | 'rung';
const WAYS = ['here', 'there', 'rung'] as const;

/** What became of one pickup; `wrong`: what must not be. */
interface Outcome {
  readonly steps: readonly Step[];
  readonly wrong: readonly string[];
  readonly talked: boolean;
}

async function pickUp(where: Where, faults: readonly Fault[], tells = true): Promise<Outcome> {
  const steps: Step[] = [];
  let counting = false;
  const who: { retriever: Channel | undefined } = { retriever: undefined };
  const hungUp = new Set<string>();
  const befalls = (name: string, when: When): Mishap | undefined => {
    if (!counting) return undefined;
    steps.push({ name, when });
    return faults.find(({ at }) => at === steps.length - 1)?.what;
  };
  const hangUp = (what: Mishap | undefined): void => {
    if (what === 'retriever hangs up' && who.retriever !== undefined) taking().sim.hangUp(who.retriever);
    if (what === 'caller hangs up') world.here.sim.hangUp(caller);
    if (what !== undefined) hungUp.add(what);
  };
  const taking = () => world[where === 'there' ? 'there' : 'here'];
  const world = await TwoNodes.start(
    async (name, when): Promise<RequestFault> => {
      const what = befalls(name, when);
      hangUp(what);
      if (what === 'slow') await world.sleep(SLOW_MS);
      return what === 'lost' || what === 'unheard' ? what : undefined;
    },
    { tells },
  );
  const caller = await world.parked();
  let talked = false;
  for (const node of ['here', 'there'] as const) {
    world[node].sim.core.events.onEvent(({ name, uuid }) => {
      if (uuid === RUNG) who.retriever ??= world.here.sim.core.find(RUNG);
      if (name === 'CHANNEL_BRIDGE' && uuid !== undefined && caller.peer !== undefined) talked = true;
      if (!TOLD.has(name)) return;
      hangUp(befalls(`${name} at ${node}`, 'told'));
    });
  }
  counting = true;
  if (where !== 'rung') who.retriever = taking().sim.call('1002', '*5701');
  else void world.here.agent.calls.fetching.fetch(wanted(world.slot.current?.parkId ?? ''));
  await world.pass(1_000 + (hungUp.has('slow') ? SLOW_MS : 0) + PUT_BACK_MS);
  counting = false;

  const wrong: string[] = [];
  const say = (what: string, is: boolean): void => {
    if (is) wrong.push(what);
  };
  const { retriever } = who;
  const { current, endReason } = world.slot;
  const partner = caller.peer?.across?.peer ?? caller.peer;
  const talks = caller.peer !== undefined && (where === 'there' ? partner === retriever : caller.peer === retriever);
  for (const { agent } of [world.here, world.there]) say('something is under way', agent.queues.calls > 0);
  say(`the slot is ${ParkState[current?.state ?? 0]}`, current !== undefined && current.state !== ParkState.PARKED);
  say(
    'a defect',
    world.logged.some((line) => line.startsWith('defect')),
  );
  if (caller.isAlive && !talks) {
    say(`the caller's slot is free: ${endReason ?? ''}`, current === undefined);
    say('the caller is not in park', !caller.parked);
    say('the caller hears nothing', caller.nested?.argument !== 'local_stream://moh');
    say('the caller is not marked', !(caller.variables.get('parkade_park') ?? '').startsWith(current?.parkId ?? '?'));
    say('the caller talks with a stranger', caller.peer !== undefined);
  }
  if (talks) say('he talks, and his slot is not free', current !== undefined);
  if (!caller.isAlive) {
    say('the caller is gone and his slot taken', current !== undefined);
    say('the caller was hung up', !hungUp.has('caller hangs up') && !talked);
  }
  if (retriever?.isAlive === true) say('the retriever hangs on nothing', !talks);
  const legs = [world.here, world.there].map(({ sim }) => sim.core.channels.size);
  const most = (caller.isAlive ? 1 : 0) + (talks ? (where === 'there' ? 3 : 1) : 0);
  say(`legs are left: ${legs.join(', ')} for ${most}`, (legs[0] ?? 0) + (legs[1] ?? 0) !== most);
  if (wrong.length === 0 && caller.isAlive && !talks) {
    const next = world.here.sim.call('1003', '*5701');
    await world.pass(500);
    say('the next one does not get him', caller.peer !== next);
  }
  await world.close();
  return { steps, wrong, talked };
}

/** The leg of a phone that is rung. */
const RUNG = '00000000-0000-4000-8000-00000000a5ed';

function wanted(parkId: string): FetchRequest {
  return { legId: RUNG, mediaNode: 'here', parkId, tenantId: 'acme', extension: '1002', ringMs: 20_000 };
}

/** What is told at a switch that somebody may hang up at. */
const TOLD = new Set(['CHANNEL_CREATE', 'CHANNEL_ANSWER', 'CHANNEL_PARK', 'CHANNEL_BRIDGE', 'CHANNEL_HANGUP']);

/** Every single mishap there is for these steps. */
function mishaps(steps: readonly Step[]): readonly Fault[] {
  return steps.flatMap(({ when }, at) => {
    const all: Mishap[] = ['retriever hangs up', 'caller hangs up'];
    if (when === 'before') all.push('lost', 'slow');
    if (when === 'after') all.push('unheard', 'slow');
    return all.map((what) => ({ at, what }));
  });
}

function told(steps: readonly Step[], faults: readonly Fault[]): string {
  return faults
    .map(({ at, what }) => `${what} ${steps[at]?.when ?? ''} ${steps[at]?.name ?? ''} (${at})`)
    .join(' and ');
}

test.each([
  ...WAYS.map((where) => [where, 'its switch tells of', true] as const),
  ...(['here', 'there'] as const).map((where) => [where, 'a connection brings', false] as const),
])('one mishap at any step of a pickup from %s that %s loses nobody (R3)', async (where, _how, tells) => {
  const { steps, wrong, talked } = await pickUp(where, [], tells);
  expect([wrong, talked]).toEqual([[], true]);
  const found: string[] = [];
  for (const fault of mishaps(steps)) {
    const outcome = await pickUp(where, [fault], tells);
    if (outcome.wrong.length > 0) found.push(`${told(outcome.steps, [fault])}: ${outcome.wrong.join('; ')}`);
  }
  expect(found).toEqual([]);
});

test.each(WAYS)(
  'a hang-up and another mishap after it, from %s, lose nobody (R3)',
  async (where) => {
    const { steps } = await pickUp(where, []);
    const found: string[] = [];
    let turn = 0;
    for (const first of mishaps(steps).filter(({ what }) => what.endsWith('hangs up'))) {
      const then = mishaps((await pickUp(where, [first])).steps);
      for (const second of then.filter(({ at, what }) => at > first.at && !what.endsWith('hangs up'))) {
        if (turn++ % EVERY !== 0) continue;
        const outcome = await pickUp(where, [first, second]);
        if (outcome.wrong.length > 0)
          found.push(`${told(outcome.steps, [first, second])}: ${outcome.wrong.join('; ')}`);
      }
    }
    expect(found).toEqual([]);
  },
  60_000,
);
