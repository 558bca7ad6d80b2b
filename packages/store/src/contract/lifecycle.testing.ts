import { describe, expect, it } from 'vitest';
import { put, Recorder, storeErrorOf, type OpenSubject } from './subject.testing.js';

export function lifecycleContract(open: OpenSubject): void {
  describe('lifecycle', () => {
    it('ends watches and refuses every call once closed', async () => {
      const { store, dispose } = await open();
      try {
        const { revision } = await put(store, '/contract/closing');
        const watch = new Recorder(store, '/contract/', revision + 1);
        const pending = store.txn({ compare: [], success: [] }).catch((error: unknown) => error);
        await store.close();
        await store.close();
        await pending;
        for (const call of [
          () => store.get('/contract/closing'),
          () => store.range({ start: '/contract/closing' }),
          () => put(store, '/contract/closing'),
          () => store.grantLease(2_000),
          () => store.keepAlive('1'),
          () => store.revokeLease('1'),
          () => store.compact(1),
        ]) {
          expect(await storeErrorOf(call())).toMatchObject({ code: 'unavailable', unknownOutcome: false });
        }
        expect(() => store.watch({ start: 'a' }, 1, { events: () => undefined, compacted: () => undefined })).toThrow();
        expect(watch.events).toEqual([]);
      } finally {
        await dispose();
      }
    });
  });
}
