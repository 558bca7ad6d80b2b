import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { MediaWorld, type MediaWorldOptions } from './world.js';

/** One world for all scenarios of a file. After each: no slot stuck, no lamp on, no strangers joined, nobody hung up. */
export function withMediaWorld(options: MediaWorldOptions = {}): () => MediaWorld {
  let world: MediaWorld | undefined;
  beforeAll(async () => {
    world = await MediaWorld.start(options);
  });
  afterEach(async () => {
    expect(await world?.settle()).toEqual([]);
  });
  afterAll(() => world?.stop());
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => void process.stderr.write(`${world?.cluster.logs() ?? 'no world'}\n`));
  });
  return () => {
    if (world === undefined) throw new Error('the world has not started');
    return world;
  };
}
