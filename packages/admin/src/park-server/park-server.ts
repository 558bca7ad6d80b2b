import { EXTENSION_LOT, keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import {
  encodeJson,
  parseLot,
  parseTenant,
  type RecallTo,
  resolveRecall,
  type SettingsCache,
  systemRingbackMs,
} from '@parkade/settings';
import type { Op } from '@parkade/store';
import { objectOf, patched } from '../json-object.js';
import { promptFileUrl } from '../prompt-files/prompt-file.js';
import type { PromptFiles } from '../prompt-files/prompt-files.js';
import { invalid, invalidField, tenantNotFound } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import { patchedTarget, type RecallTarget, targetFault } from '../rules/recall-target.js';
import type { Snapshot, Stored, TenantWriter, Written } from '../tenant-writer.js';

/** The times the park server knows, in seconds. */
export const MIN_RECALL_S = 60;
export const MAX_RECALL_S = 900;

/** A tenant's call park server: its lot of extensions, seen as one thing. Times in seconds. */
export interface ParkServer {
  readonly enabled: boolean;
  readonly extension_number?: string | undefined;
  readonly recall_to: RecallTo;
  /** Absent: what is set is no whole number of seconds from 60 to 900. */
  readonly recall_time?: number | undefined;
  /** Absent: what is set is no whole number of seconds from 60 to 900. */
  readonly recall_ring_group_time?: number | undefined;
  readonly ring_group_id?: string | undefined;
  /** Whether who parks a call is told where it is, without having subscribed. */
  readonly send_notification_to_parker: boolean;
  readonly prompt_file_name?: string | undefined;
  readonly prompt_file_size?: number | undefined;
  readonly prompt_file_url?: string | undefined;
}

/** What of it is to change. */
export interface ParkServerPatch {
  readonly enabled?: boolean | undefined;
  readonly extension_number?: string | undefined;
  readonly recall_to?: RecallTo | undefined;
  readonly recall_time?: number | undefined;
  readonly recall_ring_group_time?: number | undefined;
  readonly ring_group_id?: string | undefined;
  readonly prompt_file_id?: string | undefined;
  readonly send_notification_to_parker?: boolean | undefined;
}

/**
 * The call park server of a tenant: what is set for its lot of extensions (switch, recall), and its number and prompt file, which
 * are the tenant's. Its revision is that of the younger of both.
 */
export class ParkServers {
  constructor(
    private readonly deps: {
      readonly writer: TenantWriter;
      readonly settings: Pick<SettingsCache, 'system' | 'tenant'>;
      readonly promptFiles: Pick<PromptFiles, 'show'>;
    },
  ) {}

  async show(tenantId: string): Promise<Written<ParkServer> | Refused> {
    const { writer, settings, promptFiles } = this.deps;
    if (settings.tenant(tenantId) === undefined) return tenantNotFound(tenantId);
    const [lotKey, tenantKey] = keysOf(tenantId);
    const [storedLot, storedTenant] = await Promise.all([writer.read(lotKey), writer.read(tenantKey)]);
    if (storedLot instanceof Refused) return storedLot;
    if (storedTenant instanceof Refused) return storedTenant;
    const lot = parseLot(EXTENSION_LOT, objectOf(storedLot?.json));
    const tenant = parseTenant(objectOf(storedTenant?.json));
    if (!lot.ok) return invalid(lot.issues);
    if (!tenant.ok) return invalid(tenant.issues);
    const { system } = settings;
    const recall = resolveRecall(lot.value, tenant.value, system);
    const ringbackMs =
      lot.value.ringback_timeout_ms ?? tenant.value.ringback_timeout_ms ?? systemRingbackMs(lot.value, system);
    const fileId = tenant.value.prompt_file_id;
    const found = fileId === undefined ? undefined : await promptFiles.show(tenantId, fileId);
    // A name that is no file of ours is a file that the switch has.
    const file = found instanceof Refused ? undefined : found?.value;
    const value: ParkServer = {
      enabled: lot.value.enabled && tenant.value.enabled,
      extension_number: tenant.value.extension_number,
      recall_to: recall.recallTo,
      recall_time: seconds(ringbackMs),
      recall_ring_group_time: seconds(recall.ringGroupTimeMs),
      ring_group_id: recall.recallTo === 'USER_ONLY' ? undefined : recall.ringGroupId,
      send_notification_to_parker: tenant.value.park_info?.parker ?? false,
      prompt_file_name: file?.name,
      prompt_file_size: file?.size,
      prompt_file_url: file === undefined ? undefined : promptFileUrl(file.id),
    };
    return { value, revision: revisionOf(storedLot, storedTenant) };
  }

  async update(
    tenantId: string,
    patch: ParkServerPatch,
    options: WriteOptions = {},
  ): Promise<Written<undefined> | Refused> {
    const { writer, promptFiles } = this.deps;
    const fault = timeFault(patch);
    if (fault !== undefined) return fault;
    const { extension_number: number, prompt_file_id: fileId } = patch;
    if (fileId !== undefined) {
      const file = await promptFiles.show(tenantId, fileId);
      if (file instanceof Refused && file.reason !== Reason.PROMPT_FILE_NOT_FOUND) return file;
      if (file instanceof Refused) return invalidField('prompt_file_id', `the tenant has no prompt file ${fileId}`);
    }
    const [lotKey, tenantKey] = keysOf(tenantId);
    const userKey = number === undefined ? [] : [keys.user(tenantId, number)];
    return writer.write(tenantId, [lotKey, tenantKey, ...userKey], (snapshot) => {
      const refused = unexpected(options, revisionOf(snapshot.at(lotKey), snapshot.at(tenantKey)));
      if (refused !== undefined) return refused;
      if (userKey.some((key) => snapshot.at(key) !== undefined)) {
        return invalidField('extension_number', `is the extension of a user of the tenant`);
      }
      const ofLot = this.#lot(snapshot, lotKey, patch);
      if (ofLot instanceof Refused) return ofLot;
      const ofTenant = tenantOps(snapshot, tenantKey, patch);
      return ofTenant instanceof Refused ? ofTenant : { value: undefined, ops: [...ofLot, ...ofTenant] };
    });
  }

  #lot({ tenant, at }: Snapshot, key: string, patch: ParkServerPatch): readonly Op[] | Refused {
    const { enabled, recall_time, recall_ring_group_time, recall_to, ring_group_id } = patch;
    if (
      [enabled, recall_time, recall_ring_group_time, recall_to, ring_group_id].every((field) => field === undefined)
    ) {
      return [];
    }
    const base = objectOf(at(key)?.json);
    const json = patched(base, {
      lot_id: EXTENSION_LOT,
      enabled,
      ringback_timeout_ms: recall_time === undefined ? undefined : recall_time * 1_000,
    });
    const recall = patched(base['recall'], {
      ring_group_time_ms: recall_ring_group_time === undefined ? undefined : recall_ring_group_time * 1_000,
    });
    if (recall_to !== undefined || ring_group_id !== undefined) {
      const current = resolveRecall(tenant.lot(EXTENSION_LOT), tenant.settings, this.deps.settings.system);
      const target: RecallTarget = patchedTarget(
        { recall_to: current.recallTo, ring_group_id: current.ringGroupId },
        { recall_to, ring_group_id },
      );
      const fault = targetFault(target, tenant);
      if (fault !== undefined) return fault;
      recall['recall_to'] = target.recall_to;
      if (target.ring_group_id === undefined) delete recall['ring_group_id'];
      else recall['ring_group_id'] = target.ring_group_id;
    }
    if (Object.keys(recall).length > 0) json['recall'] = recall;
    const checked = parseLot(EXTENSION_LOT, json);
    return checked.ok ? [{ kind: 'put', key, value: encodeJson(json) }] : invalid(checked.issues);
  }
}

function tenantOps({ at }: Snapshot, key: string, patch: ParkServerPatch): readonly Op[] | Refused {
  const { extension_number, prompt_file_id, send_notification_to_parker: told } = patch;
  if (extension_number === undefined && prompt_file_id === undefined && told === undefined) return [];
  const base = objectOf(at(key)?.json);
  // Where nobody is told of parked calls, not telling the parker changes nothing.
  const silent = told === false && base['park_info'] === undefined;
  const park_info = told === undefined || silent ? undefined : patched(base['park_info'], { parker: told });
  const json = patched(base, { extension_number, prompt_file_id, park_info });
  const checked = parseTenant(json);
  return checked.ok ? [{ kind: 'put', key, value: encodeJson(json) }] : invalid(checked.issues);
}

function keysOf(tenantId: string): readonly [lot: string, tenant: string] {
  return [keys.lot(tenantId, EXTENSION_LOT), keys.tenantSettings(tenantId)];
}

function revisionOf(...stored: readonly (Stored | undefined)[]): number {
  return Math.max(...stored.map((each) => each?.revision ?? 0));
}

function seconds(ms: number): number | undefined {
  const s = ms / 1_000;
  return Number.isInteger(s) && s >= MIN_RECALL_S && s <= MAX_RECALL_S ? s : undefined;
}

function timeFault(patch: ParkServerPatch): Refused | undefined {
  for (const field of ['recall_time', 'recall_ring_group_time'] as const) {
    const s = patch[field];
    if (s === undefined || (Number.isInteger(s) && s >= MIN_RECALL_S && s <= MAX_RECALL_S)) continue;
    return invalidField(field, `must be a whole number of seconds from ${MIN_RECALL_S} to ${MAX_RECALL_S}`);
  }
  return undefined;
}
