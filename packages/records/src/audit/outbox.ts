import { keys } from '@parkade/ids';
import type { KeyValue, Op } from '@parkade/store';
import { jsonOf } from '../pages.js';
import type { AuditRecord } from './audit-record.js';

// A change's record is put in the transaction of the change itself: there is none without the other. From the store it is moved to
// the bus (`services/records`), and then it goes.

/** Records of one tenant that wait to be moved; with more its changes are refused. */
export const MAX_OUTBOX = 1_000;

/** What is put beside a change. `revision_after` is the transaction's own, and filled in when the record is moved. */
export function outboxPut(record: Omit<AuditRecord, 'revision_after'>): Op {
  const value = Buffer.from(JSON.stringify(record), 'utf8');
  return { kind: 'put', key: keys.auditEntry(record.tenant, record.id), value };
}

/** The record in the outbox; undefined where it is none. */
export function outboxRecord({ value, modRevision }: KeyValue): AuditRecord | undefined {
  const record = jsonOf(value) as Omit<AuditRecord, 'revision_after'> | undefined;
  return record === undefined ? undefined : { ...record, revision_after: modRevision };
}
