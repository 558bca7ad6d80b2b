import { SystemClock } from '@parkade/clock';
import { openEmbeddedStore, prefixRange } from '@parkade/store';
import { adminRaces } from './testing/races.testing.js';

adminRaces('the embedded store', async () => {
  const store = await openEmbeddedStore({ clock: new SystemClock() });
  const clear = async (): Promise<void> => {
    await store.txn({ compare: [], success: [{ kind: 'delete', range: prefixRange('/parkade/') }] });
  };
  return { store, clear, dispose: () => store.close() };
});
