import type { KeyValue } from '@parkade/store';
import { parseGroup } from '../group-settings.js';
import type { Checked, Issue } from '../issues.js';
import { decodeJson } from '../json-value.js';
import { parseLot } from '../lot-settings.js';
import { parseQuotas } from '../quota-settings.js';
import { parseRingGroup } from '../ring-group-settings.js';
import { parseSettingsKey, type SettingsKey } from '../settings-key.js';
import { DEFAULT_SYSTEM, parseSystem, type SystemSettings } from '../system-settings.js';
import { parseTenant } from '../tenant-settings.js';
import { LiveTenant } from './tenant-view.js';

/** Something in the store that cannot be used; what was good before stays in force. */
export interface InvalidSettings {
  readonly key: string;
  readonly revision: number;
  readonly issues: readonly Issue[];
}

/** Whom a change is about: one tenant, or with `system` all of them. */
export type SettingsChange = { readonly kind: 'system' } | { readonly kind: 'tenant'; readonly tenantId: string };

/**
 * What the store's settings say, kept key by key. No I/O: it is told what was put and deleted.
 *
 *   C1. A value that cannot be read never replaces a good one; it is reported, once for each revision of its key.
 *   C2. A tenant exists while anything is stored of it.
 *   C3. At most `maxKeys` keys are kept; more are reported and left out.
 */
export class SettingsState {
  system: SystemSettings = DEFAULT_SYSTEM;
  readonly #tenants = new Map<string, LiveTenant>();
  /** Modification revision of each key seen, also of those that could not be read. */
  readonly #revisions = new Map<string, number>();

  constructor(
    readonly maxKeys: number,
    readonly onInvalid: (invalid: InvalidSettings) => void,
    readonly onChange: (change: SettingsChange) => void,
  ) {}

  tenant(tenantId: string): LiveTenant | undefined {
    return this.#tenants.get(tenantId);
  }

  tenants(): IterableIterator<LiveTenant> {
    return this.#tenants.values();
  }

  /** Takes over a full list: puts what is new, deletes what is gone. */
  replace(kvs: readonly KeyValue[]): void {
    const listed = new Set(kvs.map((kv) => kv.key));
    for (const key of [...this.#revisions.keys()]) if (!listed.has(key)) this.delete(key);
    for (const kv of kvs) this.put(kv);
  }

  /** A key was written. Older than or the same as what is known: nothing happens. */
  put(kv: KeyValue): void {
    const key = parseSettingsKey(kv.key);
    if (key === undefined) return;
    const known = this.#revisions.get(kv.key);
    if (known !== undefined && known >= kv.modRevision) return;
    if (known === undefined && this.#revisions.size >= this.maxKeys) {
      const issues = [{ path: '', message: `left out: there are more than ${this.maxKeys} settings` }];
      this.onInvalid({ key: kv.key, revision: kv.modRevision, issues });
      return;
    }
    this.#revisions.set(kv.key, kv.modRevision);
    const json = decodeJson(kv.value);
    const read = json.ok ? this.#set(key, json.value) : json;
    if (read.ok) this.onChange(changeOf(key));
    else this.onInvalid({ key: kv.key, revision: kv.modRevision, issues: read.issues });
  }

  /** A key was deleted. */
  delete(storeKey: string): void {
    const key = parseSettingsKey(storeKey);
    if (key === undefined || !this.#revisions.delete(storeKey)) return;
    if (key.kind === 'system') this.system = DEFAULT_SYSTEM;
    else {
      const tenant = this.#tenants.get(key.tenantId);
      if (key.kind === 'tenant') tenant?.setSettings(undefined);
      else if (key.kind === 'quotas') tenant?.setQuotas(undefined);
      else if (key.kind === 'lot') tenant?.setLot(key.lotId, undefined);
      else if (key.kind === 'group') tenant?.setGroup(key.groupId, undefined);
      else tenant?.setRingGroup(key.groupId, undefined);
      if (tenant?.empty === true) this.#tenants.delete(key.tenantId);
    }
    this.onChange(changeOf(key));
  }

  #set(key: SettingsKey, json: unknown): Checked<unknown> {
    switch (key.kind) {
      case 'system':
        return applied(parseSystem(json), (system) => (this.system = system));
      case 'tenant':
        return applied(parseTenant(json), (settings) => this.#live(key.tenantId).setSettings(settings));
      case 'quotas':
        return applied(parseQuotas(json), (quotas) => this.#live(key.tenantId).setQuotas(quotas));
      case 'lot':
        return applied(parseLot(key.lotId, json), (lot) => this.#live(key.tenantId).setLot(key.lotId, lot));
      case 'group':
        return applied(parseGroup(key.groupId, json), (group) => this.#live(key.tenantId).setGroup(key.groupId, group));
      case 'ring-group':
        return applied(parseRingGroup(key.groupId, json), (group) =>
          this.#live(key.tenantId).setRingGroup(key.groupId, group),
        );
    }
  }

  #live(tenantId: string): LiveTenant {
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) this.#tenants.set(tenantId, (tenant = new LiveTenant(tenantId)));
    return tenant;
  }
}

function applied<T>(checked: Checked<T>, apply: (value: T) => void): Checked<T> {
  if (checked.ok) apply(checked.value);
  return checked;
}

function changeOf(key: SettingsKey): SettingsChange {
  return key.kind === 'system' ? key : { kind: 'tenant', tenantId: key.tenantId };
}
