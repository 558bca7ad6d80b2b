import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@parkade/clock';
import { storeContract } from '../contract.testing.js';
import { openEmbeddedStore } from './open-embedded-store.js';

storeContract('embedded store in memory', async () => {
  const clock = new ManualClock();
  const store = await openEmbeddedStore({ clock });
  return { store, passTime: (ms) => clock.advance(ms), dispose: () => store.close() };
});

storeContract('embedded store on disk', async () => {
  const clock = new ManualClock();
  const dataDir = await mkdtemp(join(tmpdir(), 'parkade-store-'));
  const store = await openEmbeddedStore({ clock, dataDir });
  return {
    store,
    passTime: (ms) => clock.advance(ms),
    dispose: async () => {
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
