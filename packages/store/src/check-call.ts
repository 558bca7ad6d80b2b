import { orderKey } from './order-key.js';
import { MAX_KEY_BYTES, MAX_TXN_BYTES, MAX_TXN_OPS, StoreError, type KeyRange, type Op, type Txn } from './store.js';

/**
 * Refuses what etcd refuses, before anything is sent or applied: too many compares, operations or bytes, a key put twice in one
 * branch, a key put and deleted in one branch. Throws `StoreError('invalid')`, whose outcome is known.
 */
export function checkTxn(txn: Txn): void {
  if (txn.compare.length > MAX_TXN_OPS) throw invalid(`more than ${MAX_TXN_OPS} compares`);
  for (const compare of txn.compare) checkKey(compare.key);
  checkBranch(txn.success);
  if (txn.failure !== undefined) checkBranch(txn.failure);
  if (putBytes(txn.success) + putBytes(txn.failure ?? []) > MAX_TXN_BYTES) {
    throw invalid(`more than ${MAX_TXN_BYTES} bytes in a transaction`);
  }
}

function putBytes(ops: readonly Op[]): number {
  return ops.reduce((sum, op) => (op.kind === 'put' ? sum + op.key.length + op.value.length : sum), 0);
}

function checkBranch(ops: readonly Op[]): void {
  if (ops.length > MAX_TXN_OPS) throw invalid(`more than ${MAX_TXN_OPS} operations in a branch`);
  const puts = new Set<string>();
  const deletes: KeyRange[] = [];
  for (const op of ops) {
    if (op.kind === 'put') checkKey(op.key);
    else checkRange(op.range);
    if (op.kind === 'delete') deletes.push(op.range);
    if (op.kind !== 'put') continue;
    if (puts.has(op.key)) throw invalid(`key put twice: ${op.key}`);
    puts.add(op.key);
  }
  for (const range of deletes) {
    for (const key of puts) if (inRange(key, range)) throw invalid(`key put and deleted: ${key}`);
  }
}

/** Refuses the empty key and one that is too long. Throws `StoreError('invalid')`. */
export function checkKey(key: string): void {
  if (key === '') throw invalid('empty key');
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw invalid(`key of more than ${MAX_KEY_BYTES} bytes`);
  }
}

/** Refuses ends that mean something else to etcd ('' one key, '\\0' every key). Throws `StoreError('invalid')`. */
export function checkRange(range: KeyRange): void {
  if (range.end === undefined) checkKey(range.start);
  else if (range.end === '' || range.end === '\0') throw invalid('a range ends past the first possible key');
}

/** Refuses a limit below 1. Throws `StoreError('invalid')`. */
export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && !(limit >= 1)) throw invalid(`limit ${limit}`);
}

/** Refuses a watch from before the first revision. Throws `StoreError('invalid')`. */
export function checkFromRevision(fromRevision: number): void {
  if (!(fromRevision >= 1)) throw invalid(`watch from revision ${fromRevision}`);
}

/** Whether `key` lies in `range`, by UTF-8 order. */
export function inRange(key: string, range: KeyRange): boolean {
  if (range.end === undefined) return key === range.start;
  const order = orderKey(key);
  return order >= orderKey(range.start) && order < orderKey(range.end);
}

function invalid(message: string): StoreError {
  return new StoreError('invalid', message);
}
