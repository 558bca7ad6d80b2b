import type { Bus } from '@parkade/bus';
import type { Refused } from '@parkade/rpc';
import { jsonOf, type RecordPage, recordPage } from '../pages.js';
import { auditPattern } from '../subjects.js';
import type { AuditRecord } from './audit-record.js';

export interface AuditQuery {
  readonly tenantId: string;
  /** Empty: anybody. */
  readonly principal: string;
  /** What happened in [from, to), wall ms; `toMs` 0: until now. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Records of one tenant, in the order in which they came; a change shows within moments of its answer. */
export function listAudit(bus: Bus, query: AuditQuery): Promise<RecordPage<AuditRecord> | Refused> {
  const { tenantId, principal, fromMs, toMs, pageSize, pageToken } = query;
  const page = { pattern: auditPattern(tenantId), sinceMs: fromMs, pageSize, pageToken };
  return recordPage(bus, page, (payload) => {
    const record = jsonOf(payload) as AuditRecord | undefined;
    if (record === undefined || record.tenant !== tenantId || record.at_ms < fromMs) return undefined;
    if (toMs > 0 && record.at_ms >= toMs) return undefined;
    return principal === '' || record.principal === principal ? record : undefined;
  });
}
