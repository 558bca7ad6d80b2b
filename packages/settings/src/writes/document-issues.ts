import { keys } from '@parkade/ids';
import type { Store } from '@parkade/store';
import { GroupIndex } from '../group-rules.js';
import { groupName } from '../group-settings.js';
import { formatPath, type Issue } from '../issues.js';
import { lampClash, lampClashMessage } from '../lamp-ids.js';
import { DEFAULT_RESERVED_LOTS } from '../lot-settings.js';
import { nestingIssues } from '../ring-group-nesting.js';
import type { CheckedDocument, LotReference } from './settings-document.js';
import { storedGroups, storedLots, storedRingGroups } from './stored-groups.js';

/** The tenants of whom a document says something that depends on what else the tenant has. */
export function dependentTenants(document: CheckedDocument): ReadonlySet<string> {
  const { lots, groups, ringGroups, ringGroupReferences } = document;
  return new Set([
    ...lots.keys(),
    ...groups.keys(),
    ...ringGroups.keys(),
    ...ringGroupReferences.map(({ tenantId }) => tenantId),
  ]);
}

/** What is wrong with a document beside what is stored. */
export async function documentIssues(store: Store, document: CheckedDocument): Promise<readonly Issue[]> {
  const issues = [...(await missingLots(store, document.references))];
  for (const tenantId of dependentTenants(document)) {
    issues.push(...(await ringGroupIssues(store, tenantId, document)));
    issues.push(...(await groupIssues(store, tenantId, document)));
    issues.push(...(await lotIssues(store, tenantId, document)));
  }
  return issues;
}

async function missingLots(store: Store, references: readonly LotReference[]): Promise<readonly Issue[]> {
  const issues: Issue[] = [];
  for (const { tenantId, lotId, path } of references) {
    if ((await store.get(keys.lot(tenantId, lotId))) === undefined) {
      issues.push({ path, message: `the tenant has no lot ${lotId}` });
    }
  }
  return issues;
}

/** Ring groups that are named exist, in the document or in the store, and none leads back to itself. */
async function ringGroupIssues(store: Store, tenantId: string, document: CheckedDocument): Promise<readonly Issue[]> {
  const issues: Issue[] = [];
  const written = document.ringGroups.get(tenantId);
  const groups = new Map([...(await storedRingGroups(store, tenantId)), ...(written ?? [])]);
  for (const [groupId, group] of written ?? []) {
    const at = ['tenants', tenantId, 'ring_groups', groupId];
    issues.push(...nestingIssues(group, (id) => groups.get(id), at));
  }
  for (const reference of document.ringGroupReferences) {
    if (reference.tenantId !== tenantId || groups.has(reference.ringGroupId)) continue;
    issues.push({ path: reference.path, message: `the tenant has no ring group ${reference.ringGroupId}` });
  }
  return issues;
}

/** Names of groups are unique, and nobody is in two. */
async function groupIssues(store: Store, tenantId: string, document: CheckedDocument): Promise<readonly Issue[]> {
  const written = document.groups.get(tenantId);
  if (written === undefined) return [];
  const index = new GroupIndex(new Map([...(await storedGroups(store, tenantId)), ...written]).values());
  const issues: Issue[] = [];
  for (const [groupId, group] of written) {
    const clash = index.clash(group);
    if (clash === undefined) continue;
    const at = ['tenants', tenantId, 'groups', groupId];
    if (clash.kind === 'name') {
      const message = `the group ${clash.groupId} has the name ${groupName(group)}`;
      issues.push({ path: formatPath([...at, 'name']), message });
    } else {
      const path = formatPath([...at, 'members', clash.index, 'extension']);
      issues.push({ path, message: `${clash.extension} is a member of the group ${clash.groupId}` });
    }
  }
  return issues;
}

/**
 * No two lots of the tenant, in the document or in the store, have a lamp in common; and a lot that is there keeps its spread, by which
 * its slots are found: calls parked before would be looked for elsewhere.
 */
async function lotIssues(store: Store, tenantId: string, document: CheckedDocument): Promise<readonly Issue[]> {
  const written = document.lots.get(tenantId);
  if (written === undefined) return [];
  const stored = await storedLots(store, tenantId);
  const lots = new Map([...DEFAULT_RESERVED_LOTS, ...stored, ...written]);
  const issues: Issue[] = [];
  for (const [lotId, lot] of written) {
    const at = ['tenants', tenantId, 'lots', lotId];
    const spread = stored.get(lotId)?.spread ?? lot.spread;
    if (lot.spread !== spread) {
      const message = `is ${spread} and cannot be changed: make another lot`;
      issues.push({ path: formatPath([...at, 'spread']), message });
    }
    const other = lampClash(lot, lots.values());
    if (other !== undefined) {
      issues.push({ path: formatPath([...at, 'presence_prefix']), message: lampClashMessage(other) });
    }
  }
  return issues;
}
