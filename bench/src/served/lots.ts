import { SystemClock } from '@parkade/clock';
import { putLot, putTenant } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';

/** Makes a tenant with `count` lots of the same slots, `lot-0` and so on. */
export async function makeLots(
  etcd: string,
  tenantId: string,
  count: number,
  slots: { readonly first: string; readonly last: string },
): Promise<void> {
  const store = await openEtcdStore({ endpoints: [etcd], clock: new SystemClock() });
  try {
    await putTenant(store, tenantId, {});
    for (let lot = 0; lot < count; lot++) await putLot(store, tenantId, `lot-${lot}`, { ranges: [slots] });
  } finally {
    await store.close();
  }
}
