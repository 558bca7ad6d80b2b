import { adminRaces } from '@parkade/admin/races';
import { SystemClock } from '@parkade/clock';
import { openEtcdStore, prefixRange } from '@parkade/store';
import { startEtcd } from './support/etcd.js';

adminRaces('etcd', async () => {
  const etcd = await startEtcd();
  const store = await openEtcdStore({ endpoints: [etcd.endpoint], clock: new SystemClock() });
  return {
    store,
    clear: async () => {
      await store.txn({ compare: [], success: [{ kind: 'delete', range: prefixRange('/parkade/') }] });
    },
    dispose: async () => {
      await store.close();
      await etcd.stop();
    },
  };
});
