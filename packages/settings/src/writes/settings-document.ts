import { isName, keys } from '@parkade/ids';
import { isObject } from '../flow/field-reader.js';
import { type GroupSettings, parseGroup } from '../group-settings.js';
import { below, type Checked, formatPath, type Issue, MAX_ISSUES } from '../issues.js';
import { encodeJson, MAX_VALUE_BYTES } from '../json-value.js';
import { isReservedLot, type LotSettings, parseLot } from '../lot-settings.js';
import type { RecallSettings } from '../recall-settings.js';
import { parseQuotas } from '../quota-settings.js';
import { parseRingGroup, type RingGroupSettings } from '../ring-group-settings.js';
import { parseSystem } from '../system-settings.js';
import { parseTenant } from '../tenant-settings.js';

/** One key that a document sets. */
export interface DocumentPut {
  readonly key: string;
  readonly value: Uint8Array;
}

/** A lot that must exist somewhere: in the document, or in the store already. */
export interface LotReference {
  readonly tenantId: string;
  readonly lotId: string;
  readonly path: string;
}

/** A ring group that must exist somewhere: in the document, or in the store already. */
export interface RingGroupReference {
  readonly tenantId: string;
  readonly ringGroupId: string;
  readonly path: string;
}

export interface CheckedDocument {
  readonly puts: readonly DocumentPut[];
  /** The lots of the document, by tenant. */
  readonly lots: ReadonlyMap<string, ReadonlyMap<string, LotSettings>>;
  /** The groups of the document, by tenant. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, GroupSettings>>;
  /** The ring groups of the document, by tenant. */
  readonly ringGroups: ReadonlyMap<string, ReadonlyMap<string, RingGroupSettings>>;
  /** Ring groups that recall policies name, wherever they are. */
  readonly ringGroupReferences: readonly RingGroupReference[];
  /** Overflow lots that the document names and does not hold. */
  readonly references: readonly LotReference[];
}

/**
 * Reads a whole settings document:
 * `{system?: {…}, tenants?: {<id>: {settings?: {…}, quotas?: {…}, lots?: {<id>: {…}}, groups?: {<id>: {…}},
 * ring_groups?: {<id>: {…}}, flows?: {<id>: {…}}}}}`. Everything that is wrong is reported, each with its path.
 */
export function readDocument(document: unknown, readFlow: FlowReader | undefined): Checked<CheckedDocument> {
  const reader = new DocumentReader(readFlow);
  reader.read(document);
  if (reader.issues.length > 0) return { ok: false, issues: reader.issues };
  const { puts, references, lots, groups, ringGroups, ringGroupReferences } = reader;
  return { ok: true, value: { puts, references, lots, groups, ringGroups, ringGroupReferences } };
}

/**
 * Reads a call flow; `packages/flow` has it, which stands on this package. Paths are the flow's own: those of its faults, and of
 * the ring groups it names.
 */
export type FlowReader = (
  json: unknown,
) => Checked<{ readonly ringGroups: readonly { readonly ringGroupId: string; readonly path: string }[] }>;

/** What of a tenant may be written without its own settings. */
const MEMBERS = ['quotas', 'lots', 'groups', 'ring_groups', 'flows'];

class DocumentReader {
  readonly issues: Issue[] = [];
  readonly puts: DocumentPut[] = [];
  readonly references: LotReference[] = [];
  readonly lots = new Map<string, Map<string, LotSettings>>();
  readonly groups = new Map<string, Map<string, GroupSettings>>();
  readonly ringGroups = new Map<string, Map<string, RingGroupSettings>>();
  readonly ringGroupReferences: RingGroupReference[] = [];

  constructor(private readonly readFlow: FlowReader | undefined) {}

  read(document: unknown): void {
    const root = this.#object(document, [], ['system', 'tenants']);
    if (root?.['system'] !== undefined) {
      this.#put(keys.system, root['system'], parseSystem(root['system'], ['system']), ['system']);
    }
    for (const [tenantId, tenant] of this.#named(root?.['tenants'], ['tenants'])) this.#tenant(tenantId, tenant);
  }

  #tenant(tenantId: string, json: unknown): void {
    const at = ['tenants', tenantId];
    const tenant = this.#object(json, at, ['settings', ...MEMBERS]);
    if (tenant === undefined) return;
    const settings = tenant['settings'] ?? {};
    const settingsAt = [...at, 'settings'];
    // A tenant that only has lots and groups in the document keeps the settings it has.
    if (tenant['settings'] !== undefined || MEMBERS.every((key) => tenant[key] === undefined)) {
      const checked = parseTenant(settings, settingsAt);
      this.#put(keys.tenantSettings(tenantId), settings, checked, settingsAt);
      if (checked.ok) this.#recall(tenantId, checked.value.recall, settingsAt);
    }
    if (tenant['quotas'] !== undefined) {
      const path = [...at, 'quotas'];
      this.#put(keys.tenantQuotas(tenantId), tenant['quotas'], parseQuotas(tenant['quotas'], path), path);
    }
    const lots = new Map<string, LotSettings>();
    for (const [lotId, lot] of this.#named(tenant['lots'], [...at, 'lots'])) {
      const path = [...at, 'lots', lotId];
      const checked = parseLot(lotId, lot, path);
      this.#put(keys.lot(tenantId, lotId), lot, checked, path);
      if (!checked.ok) continue;
      lots.set(lotId, checked.value);
      this.#recall(tenantId, checked.value.recall, path);
    }
    for (const [groupId, group] of this.#named(tenant['groups'], [...at, 'groups'])) {
      const path = [...at, 'groups', groupId];
      const checked = parseGroup(groupId, group, path);
      this.#put(keys.group(tenantId, groupId), group, checked, path);
      if (!checked.ok) continue;
      this.#ringGroupOf(tenantId, checked.value.ring_group_id, [...path, 'ring_group_id']);
      const groups = this.groups.get(tenantId) ?? new Map<string, GroupSettings>();
      this.groups.set(tenantId, groups.set(groupId, checked.value));
    }
    for (const [groupId, group] of this.#named(tenant['ring_groups'], [...at, 'ring_groups'])) {
      const path = [...at, 'ring_groups', groupId];
      const checked = parseRingGroup(groupId, group, path);
      this.#put(keys.ringGroup(tenantId, groupId), group, checked, path);
      if (!checked.ok) continue;
      const groups = this.ringGroups.get(tenantId) ?? new Map<string, RingGroupSettings>();
      this.ringGroups.set(tenantId, groups.set(groupId, checked.value));
    }
    for (const [flowId, flow] of this.#named(tenant['flows'], [...at, 'flows'])) {
      this.#flow(tenantId, flowId, flow, [...at, 'flows', flowId]);
    }
    if (lots.size > 0) this.lots.set(tenantId, lots);
    this.#overflows(tenantId, lots);
  }

  #flow(tenantId: string, flowId: string, flow: unknown, path: readonly string[]): void {
    const checked = this.readFlow?.(flow);
    if (checked === undefined) return this.#issue(formatPath(path), 'flows are not read here');
    const at = formatPath(path);
    if (!checked.ok) {
      for (const issue of checked.issues) this.#issue(below(at, issue.path), issue.message);
      return;
    }
    this.#put(keys.flow(tenantId, flowId), flow, checked, path);
    for (const { ringGroupId, path: inner } of checked.value.ringGroups) {
      this.ringGroupReferences.push({ tenantId, ringGroupId, path: below(at, inner) });
    }
  }

  /** The ring groups a recall policy names are looked up once everything is read. */
  #recall(tenantId: string, recall: RecallSettings | undefined, at: readonly string[]): void {
    this.#ringGroupOf(tenantId, recall?.ring_group_id, [...at, 'recall', 'ring_group_id']);
    if (recall?.fallback?.to !== 'ring_group') return;
    this.#ringGroupOf(tenantId, recall.fallback.ring_group_id, [...at, 'recall', 'fallback', 'ring_group_id']);
  }

  #ringGroupOf(tenantId: string, ringGroupId: string | undefined, path: readonly string[]): void {
    if (ringGroupId !== undefined) this.ringGroupReferences.push({ tenantId, ringGroupId, path: formatPath(path) });
  }

  /** Overflow lots exist, and never lead back to where they began. */
  #overflows(tenantId: string, lots: ReadonlyMap<string, LotSettings>): void {
    for (const [lotId, lot] of lots) {
      const path = formatPath(['tenants', tenantId, 'lots', lotId, 'overflow_lot_id']);
      const next = lot.overflow_lot_id;
      if (next === undefined) continue;
      if (!lots.has(next) && !isReservedLot(next)) this.references.push({ tenantId, lotId: next, path });
      const seen = new Set([lotId]);
      for (let at: string | undefined = next; at !== undefined; at = lots.get(at)?.overflow_lot_id) {
        if (seen.has(at)) {
          if (at === lotId) this.#issue(path, `overflows in a circle, back into ${lotId}`);
          break;
        }
        seen.add(at);
      }
    }
  }

  #put(key: string, json: unknown, checked: Checked<unknown>, path: readonly string[]): void {
    if (!checked.ok) {
      for (const issue of checked.issues) this.#issue(issue.path, issue.message);
      return;
    }
    const value = encodeJson(json);
    if (value.byteLength > MAX_VALUE_BYTES) {
      this.#issue(formatPath(path), `is longer than ${MAX_VALUE_BYTES} bytes`);
    } else this.puts.push({ key, value });
  }

  /** An object with no other keys than `known`. */
  #object(json: unknown, path: readonly string[], known: readonly string[]): Record<string, unknown> | undefined {
    if (!isObject(json)) {
      this.#issue(formatPath(path), 'must be an object');
      return undefined;
    }
    for (const key of Object.keys(json)) {
      if (!known.includes(key)) this.#issue(formatPath([...path, key]), 'unknown key');
    }
    return json;
  }

  /** The entries of an object whose keys are names. */
  #named(json: unknown, path: readonly string[]): readonly (readonly [string, unknown])[] {
    if (json === undefined) return [];
    if (!isObject(json)) {
      this.#issue(formatPath(path), 'must be an object');
      return [];
    }
    return Object.entries(json).filter(([name]) => {
      const valid = isName(name);
      const message = 'the key must be a name: 1 to 64 printable ASCII characters without blanks';
      if (!valid) this.#issue(formatPath([...path, name]), message);
      return valid;
    });
  }

  #issue(path: string, message: string): void {
    if (this.issues.length < MAX_ISSUES) this.issues.push({ path, message });
  }
}
