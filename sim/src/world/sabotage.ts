import type { RangeResult, Txn, TxnResult } from '@parkade/store';

/** A build that is broken on purpose: what its store hears, and is told, is not what it should be. */
export interface Sabotage {
  /** Another transaction goes to the store. */
  readonly sent?: (txn: Txn) => Txn;
  /** An answer that is made up, without asking the store. */
  readonly answered?: (txn: Txn) => TxnResult | undefined;
  /** An answer that does not wait for the transaction, made of what the store holds now. */
  readonly early?: (txn: Txn) => ((now: RangeResult) => TxnResult) | undefined;
  /** What the store answered is told otherwise. */
  readonly told?: (txn: Txn, result: TxnResult) => TxnResult;
  /** A transaction of unknown outcome is sent again. */
  readonly blindRetry?: boolean;
  /** Changes of these keys are not told to whoever watches them. */
  readonly swallows?: (key: string) => boolean;
}
