import { ManualClock } from '@parkade/clock';
import { storeContract } from '../contract.testing.js';
import { openEmbeddedStore } from './open-embedded-store.js';

storeContract('embedded store in memory', async () => {
  const clock = new ManualClock();
  const store = await openEmbeddedStore({ clock });
  return { store, passTime: (ms) => clock.advance(ms), dispose: () => store.close() };
});
