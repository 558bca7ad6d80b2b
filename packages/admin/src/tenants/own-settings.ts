import { keys } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import {
  CODE_NAMES,
  type CodeName,
  codesOf,
  encodeJson,
  type FeatureCodes,
  type FeatureCodesSettings,
  isObject,
  type Issue,
  parseTenant,
  type TenantSettings,
} from '@parkade/settings';
import { objectOf, patched } from '../json-object.js';
import { invalid, invalidField } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import type { TenantWriter, Written } from '../tenant-writer.js';
import { tenantFault } from './tenant-rules.js';

/**
 * A tenant's own settings, written whole, and its feature codes among them, changed one by one.
 *
 *   A8. The number of the park server is no user's extension, and a ring group that is named is there.
 */
export class OwnSettings {
  constructor(private readonly deps: { readonly writer: TenantWriter }) {}

  /** With defaults filled in; revision 0: nothing is stored. */
  async show(tenantId: string): Promise<Written<TenantSettings> | Refused> {
    const stored = await this.deps.writer.read(keys.tenantSettings(tenantId));
    if (stored instanceof Refused) return stored;
    const checked = parseTenant(objectOf(stored?.json));
    return checked.ok ? { value: checked.value, revision: stored?.revision ?? 0 } : invalid(checked.issues);
  }

  /** Replaces what there is. */
  async put(tenantId: string, input: unknown, options: WriteOptions = {}): Promise<Written<TenantSettings> | Refused> {
    const checked = parseTenant(input);
    if (!checked.ok) return invalid(checked.issues);
    const settings = checked.value;
    const key = keys.tenantSettings(tenantId);
    const userKey = settings.extension_number === undefined ? [] : [keys.user(tenantId, settings.extension_number)];
    return this.deps.writer.write(tenantId, [key, ...userKey], ({ tenant, at }) => {
      const refused = unexpected(options, at(key)?.revision ?? 0) ?? tenantFault(settings, tenant);
      if (refused !== undefined) return refused;
      if (userKey.some((one) => at(one) !== undefined)) {
        return invalidField('extension_number', 'is the extension of a user of the tenant');
      }
      return { value: settings, ops: [{ kind: 'put', key, value: encodeJson(input) }] };
    });
  }

  /** Every code as it is in force, the defaults where nothing is set; the revision is that of the tenant's settings. */
  async codes(tenantId: string): Promise<Written<FeatureCodes> | Refused> {
    const shown = await this.show(tenantId);
    return shown instanceof Refused ? shown : { value: codesOf(shown.value.codes), revision: shown.revision };
  }

  /** Changes the codes that are named; an empty one is not used any more. */
  async updateCodes(
    tenantId: string,
    patch: FeatureCodesSettings,
    options: WriteOptions = {},
  ): Promise<Written<FeatureCodes> | Refused> {
    const key = keys.tenantSettings(tenantId);
    return this.deps.writer.write(tenantId, [key], ({ at }) => {
      const stored = at(key);
      const refused = unexpected(options, stored?.revision ?? 0);
      if (refused !== undefined) return refused;
      const json = objectOf(stored?.json);
      const before = isObject(json['codes']) ? json['codes'] : {};
      const codes = patched(before, { ...patch });
      const checked = parseTenant({ ...json, codes });
      if (!checked.ok) return invalid(codeIssues(checked.issues, patch));
      const value = codesOf(checked.value.codes);
      const changes = CODE_NAMES.some((name) => codes[name] !== before[name]);
      return { value, ops: changes ? [{ kind: 'put', key, value: encodeJson({ ...json, codes }) }] : [] };
    });
  }
}

/** The faults with the codes' own names; of two codes that are the same, the one that is named now comes first. */
function codeIssues(issues: readonly Issue[], patch: FeatureCodesSettings): readonly Issue[] {
  const named = issues.map((issue) => ({ ...issue, path: issue.path.replace(/^codes\./, '') }));
  const now = named.filter(({ path }) => Object.hasOwn(patch, path) && patch[path as CodeName] !== undefined);
  return [...now, ...named.filter((issue) => !now.includes(issue))];
}
