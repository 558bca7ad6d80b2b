import { StoreError } from '@parkade/store';
import { expect, it } from 'vitest';
import { Cluster } from './cluster.js';
import { World } from './world.js';

it('starts no process that the store fails: its machine is down again, and starts when the store answers', async () => {
  const world = await World.make(1, {});
  const story = async (): Promise<void> => {
    const cluster = await Cluster.start(world, { withSwitches: false, forgetsSoon: false });
    const [machine] = cluster.of('owner');
    if (machine === undefined) throw new Error('there is no owner');
    cluster.kill(machine);
    const booting = cluster.boot(machine);
    if (machine.member !== undefined) machine.member.store.faults.cut = true;
    await expect(booting).rejects.toBeInstanceOf(StoreError);
    expect(machine.member).toBeUndefined();
    await cluster.boot(machine);
    await cluster.served();
    expect(machine.process).toBeDefined();
  };
  await world.scheduler.run(story(), 60_000);
  await world.close();
});
