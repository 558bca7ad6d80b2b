import { setTimeout as delay } from 'node:timers/promises';
import { callUnary } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { homeShard } from '@parkade/ids';
import { Consistency, GetSlotRequest, ParkState } from '@parkade/proto';
import { LEASE_TTL_MS } from '../figures.js';
import { between, oneOf, type Row } from '../row.js';
import { MediaRun } from '../run/media-run.js';

const clock = new SystemClock();
const MEDIA = ['media-a', 'media-b'] as const;

export const mediaCrash: Row = {
  id: 'media-crash',
  what: 'a media process, an owner of slots, the gateway are killed in turn while phones park and fetch',
  run: (context) =>
    MediaRun.under(context, {}, async (run) => {
      const { world, brief, random } = run;
      for (let round = 0; round < (brief ? 1 : 3); round++) {
        const media = oneOf(MEDIA, random);
        await world.kill(media);
        await delay(between(200, 4_000, random));
        await world.startMedia(media);
        const owner = oneOf(world.cluster.running('owner'), random);
        await world.kill(owner);
        await delay(between(100, 1_000, random));
        await world.cluster.startOwner(owner);
        await world.kill('gateway-1');
        await delay(between(100, 1_000, random));
        await world.cluster.startGateway('gateway-1');
        run.say(`${media}, ${owner} and the gateway were killed`);
      }
    }),
};

export const mediaFrozen: Row = {
  id: 'media-frozen',
  what: 'the owner of a media node is frozen beyond its lease with commands queued, and goes on when another has the node',
  run: (context) =>
    MediaRun.under(context, {}, async (run) => {
      const { world } = run;
      for (let round = 0; round < (run.brief ? 1 : 3); round++) {
        const node = oneOf(world.nodes, run.random);
        await world.controlled();
        const owner = (await world.ownerOf(node.name)) ?? 'media-a';
        await world.kill(owner, 'SIGSTOP');
        run.say(`${owner}, which owns ${node.name}, is frozen`);
        // The phones go on, so that events and commands pile up before it.
        await delay(2 * LEASE_TTL_MS + 2_500);
        const next = await world.ownerOf(node.name);
        if (next === owner) run.wrong(`${node.name} still belongs to ${owner}, which is frozen`);
        await world.kill(owner, 'SIGCONT');
        await delay(1_500);
      }
    }),
};

export const mediaWires: Row = {
  id: 'media-wires',
  what: 'the way between media processes and switches is cut, or swallows everything, for up to 4 s',
  run: (context) =>
    MediaRun.under(context, {}, async ({ world, brief, random }) => {
      for (let round = 0; round < (brief ? 2 : 8); round++) {
        const { wire } = oneOf(world.nodes, random);
        if (random.next() < 0.5) await wire.cut();
        else wire.swallow();
        await delay(between(200, 4_000, random));
        await wire.heal();
        await delay(between(300, 1_500, random));
      }
    }),
};

const STEPS = ['begun', 'at the bridge', 'amid the bridge', 'bridged'] as const;

export const retrieveSteps: Row = {
  id: 'retrieve-steps',
  what: 'a crash at each step of a retrieve (begun, before, amid and after the bridge) of each process that takes part',
  run: (context) =>
    MediaRun.under(context, { calls: false }, async (run) => {
      for (const step of run.brief ? STEPS.slice(0, 2) : STEPS) {
        for (const part of ['owner', 'media', 'gateway'] as const) await crashAt(run, step, part);
      }
    }),
};

/** Kills a process that takes part in a retrieve at one of its steps: the caller is then fetched, or waits where he was. */
async function crashAt(
  run: MediaRun,
  step: (typeof STEPS)[number],
  part: 'owner' | 'media' | 'gateway',
): Promise<void> {
  const { world } = run;
  const { sim, name } = world.here;
  const { caller, park } = await world.parked('701');
  const victim =
    part === 'media'
      ? ((await world.ownerOf(name)) ?? 'media-a')
      : part === 'owner'
        ? await slotOwner(world)
        : 'gateway-1';
  let killed: Promise<void> | undefined;
  const kill = (): void => {
    killed ??= world.kill(victim);
  };
  if (step === 'at the bridge') sim.core.beforeBridge = kill;
  if (step === 'amid the bridge') sim.core.amidBridge = kill;
  const taker = sim.call('1002', '*5701');
  world.talked.mayTalk(taker, caller);
  if (step === 'begun') await world.park('701', ParkState.RETRIEVING).then(kill, kill);
  if (step === 'bridged') await world.until('they talk', () => caller.peer === taker).then(kill);
  await world.until('it is killed', () => killed !== undefined);
  await killed;
  sim.core.beforeBridge = sim.core.amidBridge = () => undefined;
  if (part === 'media') await world.startMedia(victim);
  else if (part === 'owner') await world.cluster.startOwner(victim);
  else await world.cluster.startGateway(victim);
  await world.controlled();
  // Fetched by now, or still to be fetched: in the same park, and by whoever dials.
  await world.until('the retriever talks or has been told', () => caller.peer === taker || !taker.isAlive);
  const fetched = caller.peer === taker;
  if (!fetched) {
    await world.waits(caller, park.parkId);
    const again = sim.call('1003', '*5701');
    await world.join(again, caller);
  }
  run.say(`${part} killed ${step}: the caller ${fetched ? 'was fetched' : 'waited on, and was fetched by the next'}`);
  if (!caller.isAlive) run.wrong(`the caller was lost when the ${part} was killed ${step}`);
  world.hangUp(caller);
  await world.allFree();
}

async function slotOwner(world: MediaRun['world']): Promise<string> {
  return (await world.cluster.ownerOf(homeShard('acme', 'default', world.cluster.shards))) ?? 'owner-1';
}

export const etcdGone: Row = {
  id: 'etcd-gone',
  what: 'etcd is gone for 60 s: parked callers keep their music, reads are refused or marked, nothing need be restarted',
  run: (context) =>
    MediaRun.under(context, { calls: false }, async (run) => {
      const { world } = run;
      const { cluster } = world;
      const callers = [await world.parked('701', '2001'), await world.parked('702', '2002', world.there)];
      const pids = cluster.processes.map(({ pid }) => pid);
      await cluster.etcdServer.kill('SIGKILL');
      const endMs = performance.now() + (run.brief ? 8_000 : 60_000);
      const wrong: string[] = [];
      let reads = 0;
      while (performance.now() < endMs) {
        for (const { caller } of callers) {
          if (!caller.isAlive || !caller.parked || caller.nested?.argument !== 'local_stream://moh') {
            wrong.push(`${caller.phone.user} does not hear his music while etcd is gone`);
          }
        }
        const answers = await Promise.all([read(run, Consistency.FENCED), read(run, Consistency.UNFENCED)]);
        reads += answers.length;
        if (answers.includes('fenced')) wrong.push('a read said that it is fenced while etcd was gone');
        await delay(500);
      }
      run.say(`${reads} reads, none of them passed for fenced`);
      await cluster.etcdServer.restart();
      await world.controlled();
      for (const [i, { caller, park }] of callers.entries()) {
        if ((await world.park(`70${i + 1}`)).parkId !== park.parkId) wrong.push('a caller has another park');
        const taker = (i === 0 ? world.there : world.here).sim.call(`100${i + 3}`, `*570${i + 1}`);
        await world.join(taker, caller);
        world.hangUp(caller);
      }
      const { caller } = await world.parked('703', '2003');
      world.hangUp(caller);
      await world.allFree();
      const restarted = cluster.processes.filter(({ exitCode }) => exitCode !== undefined);
      for (const { name } of restarted) wrong.push(`${name} ended while etcd was gone`);
      if (cluster.processes.length !== pids.length) wrong.push('a process was started again');
      for (const text of new Set(wrong)) run.wrong(text);
      run.measure({ etcdGone: [wrong.length === 0 ? 1 : 0] });
    }),
};

/** What a read of a slot says of itself. */
async function read({ world }: MediaRun, consistency: Consistency): Promise<'fenced' | 'unfenced' | 'refused'> {
  const request = GetSlotRequest.fromPartial({ tenantId: 'acme', slot: { lotId: '', slot: '701' }, consistency });
  const { client } = world;
  return callUnary(client.getSlot.bind(client), request, 1_000, clock).then(
    ({ fenced }) => (fenced ? 'fenced' : 'unfenced'),
    () => 'refused',
  );
}
