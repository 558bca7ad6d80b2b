import { setTimeout as delay } from 'node:timers/promises';
import { callUnary } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { homeShard, keys } from '@parkade/ids';
import { MoveParkRequest, type Park } from '@parkade/proto';
import { decodeRecord } from '@parkade/slots';
import { callFailure } from '@parkade/rpc';
import { park, parkRequest, pick, requestId, retrieve, retrieveParkRequest } from '@parkade/test';
import type { Row } from '../row.js';
import { ParksRun, SHARDS } from '../run/parks-run.js';

const clock = new SystemClock();
const TENANT = 'acme';
const [HERE, THERE] = [homeShard(TENANT, 'default', SHARDS), homeShard(TENANT, 'vip', SHARDS)];
const WITHIN_MS = 90_000;
/** So much longer everything takes between owners and etcd, so that each step of a move can be told from the next. */
const SLOWER_MS = 150;

/** A move between shards: the destination holds its slot, one transaction writes both ends, the destination hears of it. */
const STEPS = ['held', 'moved'] as const;
const VICTIMS = ['source', 'destination', 'gateway'] as const;

export const moveSteps: Row = {
  id: 'move-steps',
  what: 'a crash at each step of a move between shards, of each process that takes part',
  run: (context) =>
    ParksRun.under(context, { wired: true }, async (run) => {
      let number = 0;
      for (const step of run.brief ? STEPS.slice(0, 1) : STEPS) {
        for (const victim of VICTIMS) await crashAt(run, step, victim, `move-${++number}`);
      }
    }),
};

async function crashAt(
  run: ParksRun,
  step: (typeof STEPS)[number],
  part: (typeof VICTIMS)[number],
  slot: string,
): Promise<void> {
  const { cluster, network } = run;
  await run.balanced();
  const parking = parkRequest(TENANT, slot, `call-${slot}`);
  const parked = await atLast(run, (client) => park(client, parking, 3_000));
  const owners = await run.owners();
  const shard = part === 'source' ? HERE : THERE;
  const victim = part === 'gateway' ? 'gateway-1' : (owners.get(shard) ?? 'owner-1');
  for (const owner of cluster.running('owner')) {
    await network.to('etcd-1').begin({ kind: 'delay', ms: SLOWER_MS }, owner);
  }
  const moveId = requestId();
  const request = MoveParkRequest.fromPartial({
    requestId: moveId,
    tenantId: TENANT,
    parkId: parked.parkId,
    slot: { lotId: 'vip', slot },
  });
  const moving = atLast(run, async (client) => {
    const answer = await callUnary(client.movePark.bind(client), request, 3_000, clock);
    if (answer.park === undefined) throw new Error('the answer names no park');
    return answer.park;
  });
  await reached(run, step, slot);
  await cluster.kill(victim, 'SIGKILL');
  await network.heal();
  run.say(`${part} (${victim}) killed when the move was ${step}`);
  await (part === 'gateway' ? cluster.startGateway(victim) : cluster.startOwner(victim));
  const moved = await moving;
  const taking = retrieveParkRequest(TENANT, moved.parkId, 'phone');
  const taken = await atLast(run, (client) => retrieve(client, taking, 3_000));
  if (taken.call?.callId !== `call-${slot}`) run.wrong(`the move of ${slot} ended with another call`);
  // Both slots are open: a call can be parked in each of them at once.
  for (const lotId of ['', 'vip']) {
    const again = parkRequest(TENANT, slot, `again-${lotId}-${slot}`);
    const target = { kind: { $case: 'slot', value: { lotId, slot } } } as const;
    await atLast(run, (client) => park(client, { ...again, target }, 3_000));
  }
  const base = { others: [], refused: false };
  run.judge([
    { ...base, requestId: parking.requestId, kind: 'park', parkId: parked.parkId },
    { ...base, requestId: moveId, kind: 'move', parkId: moved.parkId },
    { ...base, requestId: taking.requestId, kind: 'retrieve', parkId: taken.parkId },
  ]);
}

/** Resolves when the store shows that the move has come so far, which the watch of the run sees without delay. */
async function reached({ cluster }: ParksRun, step: (typeof STEPS)[number], slot: string): Promise<void> {
  const key = keys.slot(THERE, TENANT, 'vip', slot);
  const endMs = performance.now() + WITHIN_MS;
  while (performance.now() < endMs) {
    const stored = await cluster.store.get(key);
    const state = stored === undefined ? undefined : decodeRecord(stored.value).parks[0]?.state?.$case;
    if (state !== undefined && (step === 'held' || state !== 'incoming')) return;
    await delay(2);
  }
  throw new Error(`the move to ${slot} does not get to where it is ${step}`);
}

/** Asks again, by turns at both gateways, until there is an answer; a refusal ends it. */
async function atLast(
  run: ParksRun,
  ask: (client: ParksRun['cluster']['clients'][number]) => Promise<Park>,
): Promise<Park> {
  const endMs = performance.now() + WITHIN_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(pick(run.cluster.clients, attempt));
    } catch (error) {
      if (performance.now() > endMs) throw new Error(`never answered: ${callFailure(error).message}`, { cause: error });
      await delay(100);
    }
  }
}
