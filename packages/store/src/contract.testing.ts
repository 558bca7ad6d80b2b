import { describe } from 'vitest';
import { leaseContract } from './contract/leases.testing.js';
import { lifecycleContract } from './contract/lifecycle.testing.js';
import { readContract } from './contract/reads.testing.js';
import type { OpenSubject } from './contract/subject.testing.js';
import { transactionContract } from './contract/transactions.testing.js';
import { watchContract } from './contract/watches.testing.js';

export * from './contract/subject.testing.js';

/** The tests every store passes: S1–S6 of the port. `open` is called once for each part, and gives a store of its own. */
export function storeContract(name: string, open: OpenSubject): void {
  describe(name, () => {
    transactionContract(open);
    readContract(open);
    leaseContract(open);
    watchContract(open);
    lifecycleContract(open);
  });
}
