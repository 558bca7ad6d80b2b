import { type Clock, sleep } from '@parkade/clock';
import type { Channel } from '@parkade/media-simulator';
import { type Park, ParkState } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import { untilWords } from '../client/sentences.js';
import type { Narrator } from './narrator.js';
import type { SimulatedOffice } from './simulated-office.js';
import type { Watcher } from './watcher.js';

export interface CallLifeDeps {
  readonly narrator: Narrator;
  readonly office: SimulatedOffice;
  /** Of the office's lamps. */
  readonly watcher: Watcher;
  readonly clock: Clock;
}

const SLOT = '701';
/** Leases are short here, and a new owner waits for one of them. */
const UP_MS = 30_000;
const SOON_MS = 15_000;
const LOOK_EVERY_MS = 5;

/** A call's whole life, on simulated switches. Rejects with `CommandFailure` at the first thing that does not happen as it should. */
export async function tellCallLife(deps: CallLifeDeps): Promise<void> {
  const { narrator, office } = deps;
  narrator.plain(
    'Two simulated FreeSWITCH nodes, fs-1 and fs-2: no SIP, no audio, and phones that are played; their event',
  );
  narrator.plain(
    'sockets are real, and behave as recorded from a real FreeSWITCH. The times are shorter than a user would set them.',
  );
  await until(deps, UP_MS, () => office.isUp, 'the nodes found nobody to control them');
  office.controlled.forEach((nodes, i) =>
    narrator.plain(`  media process ${i + 1} controls ${nodes.join(', ') || 'none'}`),
  );

  const { grace, recallAtMs } = await parkByTransfer(deps);
  await comeBackUnanswered(deps, grace, recallAtMs);
  await fetchFromOtherNode(deps, grace);
}

async function parkByTransfer(deps: CallLifeDeps): Promise<{ readonly grace: Channel; readonly recallAtMs: number }> {
  const { narrator, office, watcher, clock } = deps;
  const fs1 = office.node('fs-1');
  narrator.scene(`Grace calls Alice, whose phone is at fs-1; Alice transfers her to ${SLOT}`);
  const grace = fs1.call('2001', '1001', { callerName: 'Grace Hopper', callerNumber: '5550103' });
  await until(deps, SOON_MS, () => grace.peer !== undefined, 'Alice did not get the call');
  if (grace.peer !== undefined) fs1.transferBlind(grace.peer, SLOT);
  const slot = await watcher.slot(SLOT, ({ parks: [park] }) => park?.state === ParkState.PARKED, SOON_MS);
  const [park] = slot?.parks ?? [];
  if (slot === undefined || park === undefined) throw narrator.wrong('the transferred call was not parked');
  await until(deps, SOON_MS, () => hearsMusic(grace), 'the caller hears no music');
  const back = untilWords(park.recallAt, clock.nowMs());
  narrator.done(
    `parked in ${SLOT}, durable; Grace hears music; comes back to ${parkerOf(park)} ${back}`,
    'on simulated switches: a call parked by transfer',
  );
  narrator.lamp(slot);
  return { grace, recallAtMs: recallMs(park) };
}

async function comeBackUnanswered(deps: CallLifeDeps, grace: Channel, recallAtMs: number): Promise<void> {
  const { narrator, office, watcher } = deps;
  const alice = office.node('fs-1').phone('1001');
  alice.behaviour = { kind: 'rings' };
  const before = alice.shown.length;
  narrator.scene('Nobody fetches Grace: the call comes back to Alice, who is at lunch');
  await until(deps, SOON_MS, () => alice.shown.length > before, 'Alice was not rung');
  const shown = alice.shown.at(-1);
  if (grace.peer !== undefined) throw narrator.wrong('the caller is not parked while Alice is rung');
  narrator.done(
    `Alice's phone rings: "${shown?.name ?? ''}" <${shown?.number ?? ''}>; Grace still hears music`,
    'on simulated switches: a recall to the parker',
  );
  // A deadline that is later than the first one: it is not the park as it was before.
  const restarted = (park: Park | undefined): boolean =>
    park?.state === ParkState.PARKED && recallMs(park) > recallAtMs;
  const again = await watcher.slot(SLOT, ({ parks: [park] }) => restarted(park), SOON_MS);
  if (again === undefined) throw narrator.wrong('the call was not re-parked');
  await until(deps, SOON_MS, () => alice.legs.length === 0, "Alice's phone went on ringing");
  await until(deps, SOON_MS, () => hearsMusic(grace), 'the caller hears no music any more');
  narrator.done(
    `unanswered: re-parked in ${SLOT}, the timer restarted`,
    'on simulated switches: an unanswered recall re-parked',
  );
  narrator.lamp(again);
}

async function fetchFromOtherNode(deps: CallLifeDeps, grace: Channel): Promise<void> {
  const { narrator, office, watcher } = deps;
  const fs2 = office.node('fs-2');
  narrator.scene(`Bob, whose phone is at fs-2, dials ${SLOT}`);
  const bob = fs2.call('1002', SLOT);
  await until(deps, SOON_MS, () => grace.peer !== undefined && bob.peer !== undefined, 'Bob did not get the call');
  narrator.done(
    'Bob talks to Grace: his call was sent to her node under a number that is good once',
    'on simulated switches: the call retrieved from the other node',
  );
  const free = await watcher.slot(SLOT, ({ parks }) => parks.length === 0, SOON_MS);
  if (free === undefined) throw narrator.wrong('the slot was not freed');
  narrator.lamp(free);
  fs2.hangUp(bob);
  await until(deps, SOON_MS, () => !grace.isAlive && !bob.isAlive, 'a leg was left behind');
  narrator.done('Bob hangs up: both legs are gone', 'on simulated switches: no leg left behind at either node');
}

function hearsMusic(leg: Channel): boolean {
  return leg.parked && leg.nested?.argument.startsWith('local_stream://') === true;
}

/** When it comes back, wall ms; 0: never. */
function recallMs({ recallAt }: Park): number {
  return recallAt === undefined ? 0 : timestampMs(recallAt);
}

function parkerOf({ parker }: Park): string {
  return parker?.extension === '1001' ? 'Alice' : (parker?.extension ?? 'nobody');
}

async function until(
  { narrator, clock }: CallLifeDeps,
  limitMs: number,
  holds: () => boolean,
  wrong: string,
): Promise<void> {
  const endMs = clock.monotonicMs() + limitMs;
  while (!holds()) {
    if (clock.monotonicMs() > endMs) throw narrator.wrong(wrong);
    await sleep(clock, LOOK_EVERY_MS);
  }
}
