import type { Clock, Random } from '@parkade/clock';
import { FlowRecords } from '@parkade/flow';
import { decodeToken, keys } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import { type LotSettings, type RingGroupSettings, type SettingsCache, type TenantView } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import { Draining } from './groups/draining.js';
import { type Group, groupView } from './groups/group.js';
import { Groups } from './groups/groups.js';
import { Members } from './groups/members.js';
import { type AdminLimits, DEFAULT_ADMIN_LIMITS } from './limits.js';
import { type ListQuery, type ListShape, type Page, pageOf } from './lists/page.js';
import { Lots } from './lots/lots.js';
import { ParkServers } from './park-server/park-server.js';
import { ActorScope, type ChangeBy } from './audit/actor-scope.js';
import { auditedStore } from './audit/audited-store.js';
import { Webhooks } from './webhooks/webhooks.js';
import type { ParkedCalls } from './parked-calls.js';
import type { Blobs } from './prompt-files/blobs.js';
import type { PromptFile } from './prompt-files/prompt-file.js';
import { PromptFiles } from './prompt-files/prompt-files.js';
import { invalid, tenantNotFound } from './refusals.js';
import { RingGroups } from './ring-groups/ring-groups.js';
import { storing } from './storing.js';
import { TenantWriter } from './tenant-writer.js';
import { Quotas } from './tenants/quotas.js';
import { OwnSettings } from './tenants/own-settings.js';
import { type ListedTenant, Tenants } from './tenants/tenants.js';
import type { User } from './users/user.js';
import { Users } from './users/users.js';

export interface AdminDeps {
  readonly store: Store;
  readonly settings: SettingsCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly parked: ParkedCalls;
  /** Where prompt files are kept; undefined: there can be none. */
  readonly blobs?: Blobs | undefined;
  readonly limits?: Partial<AdminLimits> | undefined;
}

export const GROUP_LIST: ListShape<Group> = {
  fields: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    recall_to: ({ recall_to }) => recall_to,
    ring_group_id: ({ ring_group_id }) => ring_group_id,
    enabled: ({ enabled }) => enabled,
    draining: ({ draining }) => draining,
  },
  searched: ['name'],
};

export const USER_LIST: ListShape<User> = {
  fields: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    display_name: ({ display_name }) => display_name,
    extension_number: ({ extension_number }) => extension_number,
  },
  searched: ['name', 'display_name', 'extension_number'],
};

export const RING_GROUP_LIST: ListShape<RingGroupSettings> = {
  fields: { id: ({ ring_group_id }) => ring_group_id, strategy: ({ strategy }) => strategy },
  searched: ['id'],
};

export const LOT_LIST: ListShape<LotSettings> = {
  fields: { id: ({ lot_id }) => lot_id, enabled: ({ enabled }) => enabled, hidden: ({ hidden }) => hidden },
  searched: ['id'],
};

export const TENANT_LIST: ListShape<ListedTenant> = {
  fields: { id: ({ id }) => id, enabled: ({ enabled }) => enabled },
  searched: ['id'],
};

export const PROMPT_FILE_LIST: ListShape<PromptFile> = {
  fields: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    content_type: ({ content_type }) => content_type,
    size: ({ size }) => size,
  },
  searched: ['name'],
};

/** A stored call flow in a list. */
export interface ListedFlow {
  readonly flow_id: string;
}

export const FLOW_LIST: ListShape<ListedFlow> = { fields: { id: ({ flow_id }) => flow_id }, searched: ['id'] };

/**
 * What the administration APIs do, beneath REST and gRPC alike: rules and writes. Who may do it is asked before. Lists are read
 * from this process's settings, so they know at once what was written through it, and within moments what was elsewhere; single
 * things are read from the store.
 */
export class Admin {
  readonly parkServers: ParkServers;
  readonly groups: Groups;
  readonly members: Members;
  readonly users: Users;
  readonly ringGroups: RingGroups;
  readonly lots: Lots;
  readonly draining: Draining;
  readonly ownSettings: OwnSettings;
  readonly tenants: Tenants;
  readonly quotas: Quotas;
  readonly promptFiles: PromptFiles;
  readonly flows: FlowRecords;
  readonly webhooks: Webhooks;
  readonly #asked = new ActorScope();
  readonly #store: Store;
  readonly #settings: SettingsCache;

  constructor(deps: AdminDeps) {
    const { settings, clock, random, parked, blobs } = deps;
    const store = auditedStore({ store: deps.store, clock, random, by: () => this.#asked.current() });
    const limits = { ...DEFAULT_ADMIN_LIMITS, ...deps.limits };
    const writer = new TenantWriter({ store, settings, limits });
    this.#store = store;
    this.#settings = settings;
    this.draining = new Draining({ store, writer, parked });
    this.promptFiles = new PromptFiles({ store, writer, blobs, limits, clock, random });
    this.parkServers = new ParkServers({ writer, settings, promptFiles: this.promptFiles });
    this.groups = new Groups({ writer, draining: this.draining, limits, clock, random });
    this.users = new Users({ store, writer, limits, clock, random });
    this.members = new Members({ writer, users: this.users, draining: this.draining });
    this.ringGroups = new RingGroups({ store, writer, limits });
    this.lots = new Lots({ writer, limits, parked });
    this.ownSettings = new OwnSettings({ writer });
    this.tenants = new Tenants({ store, settings, own: this.ownSettings, limits });
    this.quotas = new Quotas({ writer, settings });
    this.flows = new FlowRecords(store);
    this.webhooks = new Webhooks({ store, writer, clock, random });
  }

  /** Does what somebody asked for through an API: whatever is changed meanwhile is recorded with their name. Rejects as `work` does. */
  asked<T>(by: ChangeBy, work: () => Promise<T> | T): Promise<T> {
    return this.#asked.run(by, work);
  }

  /** All tenants of the cluster. */
  listTenants(query: ListQuery): Page<ListedTenant> | Refused {
    return paged(this.tenants.all(), TENANT_LIST, query);
  }

  /** The stored call flows of a tenant, by their ids. */
  async listFlows(tenantId: string, query: ListQuery): Promise<Page<ListedFlow> | Refused> {
    const prefix = keys.flows(tenantId);
    const found = await storing(() => this.#store.range(prefixRange(prefix), { keysOnly: true }));
    if (found instanceof Refused) return found;
    const flows = found.kvs.map(({ key }) => ({ flow_id: decodeToken(key.slice(prefix.length)) ?? '' }));
    return this.#list(tenantId, FLOW_LIST, query, () => flows);
  }

  listGroups(tenantId: string, query: ListQuery): Page<Group> | Refused {
    return this.#list(tenantId, GROUP_LIST, query, (tenant) => tenant.groups().map(groupView));
  }

  listRingGroups(tenantId: string, query: ListQuery): Page<RingGroupSettings> | Refused {
    return this.#list(tenantId, RING_GROUP_LIST, query, (tenant) => tenant.ringGroups());
  }

  listLots(tenantId: string, query: ListQuery): Page<LotSettings> | Refused {
    return this.#list(tenantId, LOT_LIST, query, (tenant) => tenant.lots());
  }

  async listPromptFiles(tenantId: string, query: ListQuery): Promise<Page<PromptFile> | Refused> {
    const files = await this.promptFiles.all(tenantId);
    return files instanceof Refused ? files : this.#list(tenantId, PROMPT_FILE_LIST, query, () => files);
  }

  async listUsers(tenantId: string, query: ListQuery): Promise<Page<User> | Refused> {
    const users = await storing(() => this.users.all(tenantId));
    if (users instanceof Refused) return users;
    return this.#list(tenantId, USER_LIST, query, () => users);
  }

  #list<Item>(
    tenantId: string,
    shape: ListShape<Item>,
    query: ListQuery,
    items: (tenant: TenantView) => readonly Item[],
  ): Page<Item> | Refused {
    const tenant = this.#settings.tenant(tenantId);
    if (tenant === undefined) return tenantNotFound(tenantId);
    return paged(items(tenant), shape, query);
  }
}

function paged<Item>(items: readonly Item[], shape: ListShape<Item>, query: ListQuery): Page<Item> | Refused {
  const page = pageOf(items, shape, query);
  return page.ok ? page.value : invalid(page.issues);
}
