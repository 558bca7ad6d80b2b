import { DEFAULT_LOT, EXTENSION_LOT } from '@parkade/ids';
import type {
  CommandsRequest,
  ExecuteParkActionRequest,
  GetParkRequest,
  GetSlotRequest,
  ListDeadlinesRequest,
  ListParkHistoryRequest,
  ListSlotsRequest,
  MoveParkRequest,
  ParkOrRetrieveRequest,
  ParkRequest,
  RetrieveRequest,
  SlotTarget,
  Target,
  WatchSlotsRequest,
} from '@parkade/proto';
import type { Role } from '../principal.js';

/** A right that one request needs. */
export interface Need {
  readonly action: Role;
  readonly tenantId: string;
  /** Where it is needed: all of the tenant, one lot, or the lot of a park. */
  readonly where: 'tenant' | { readonly lotId: string } | { readonly parkId: string };
}

/** Whom an RPC serves. */
export type RpcRights =
  /** Processes of the cluster alone. */
  | { readonly who: 'services' }
  /** Operators of the cluster, and its processes. */
  | { readonly who: 'operators' }
  /** Whoever has every one of these rights. */
  | { readonly who: 'holders'; readonly needs: (request: never) => readonly Need[] }
  /** A stream whose every message needs what it would need as an RPC of its own: its handler asks (`permitOf`). */
  | { readonly who: 'each-message' };

const SERVICES: RpcRights = { who: 'services' };
const OPERATORS: RpcRights = { who: 'operators' };

/**
 * Whom every RPC of every service serves: the one place that says so. An RPC that is not in here cannot be served (the process does
 * not start), so a new one begins with its row.
 */
export const RPC_RIGHTS: Readonly<Record<string, RpcRights>> = {
  '/parkade.park.v1.ParkService/Park': holders((r: ParkRequest) => [at('park', r, target(r.target))]),
  '/parkade.park.v1.ParkService/Reserve': holders((r: ParkRequest) => [at('park', r, target(r.target))]),
  '/parkade.park.v1.ParkService/CompleteReservation': park('park'),
  '/parkade.park.v1.ParkService/Retrieve': holders(retrieve),
  '/parkade.park.v1.ParkService/BeginRetrieve': holders(retrieve),
  '/parkade.park.v1.ParkService/ConfirmRetrieve': park('retrieve'),
  '/parkade.park.v1.ParkService/GiveBackRetrieve': park('retrieve'),
  '/parkade.park.v1.ParkService/ClaimPickup': park('retrieve'),
  '/parkade.park.v1.ParkService/ParkOrRetrieve': holders((r: ParkOrRetrieveRequest) => [
    at('park', r, slot(r.slot)),
    at('retrieve', r, slot(r.slot)),
  ]),
  '/parkade.park.v1.ParkService/Release': park('park'),
  '/parkade.park.v1.ParkService/MovePark': holders((r: MoveParkRequest) => [
    at('park', r, { parkId: r.parkId }),
    at('park', r, slot(r.slot)),
  ]),
  '/parkade.park.v1.ParkService/ExtendPark': park('park'),
  '/parkade.park.v1.ParkService/RenewPolicy': park('park'),
  '/parkade.park.v1.ParkService/GetSlot': holders((r: GetSlotRequest) => [at('view', r, slot(r.slot))]),
  '/parkade.park.v1.ParkService/GetPark': holders((r: GetParkRequest) => [
    at('view', r, r.by?.$case === 'parkId' ? { parkId: r.by.value } : 'tenant'),
  ]),
  '/parkade.park.v1.ParkService/ListSlots': holders((r: ListSlotsRequest) => [at('view', r, lotOrAll(r.lotId))]),
  '/parkade.park.v1.ParkService/ListParkHistory': holders((r: ListParkHistoryRequest) => [
    at('view', r, lotOrAll(r.lotId)),
  ]),
  '/parkade.park.v1.ParkService/WatchSlots': holders((r: WatchSlotsRequest) => [at('view', r, lotOrAll(r.lotId))]),
  '/parkade.park.v1.ParkService/Commands': { who: 'each-message' },

  '/parkade.recall.v1.RecallService/ListDeadlines': holders((r: ListDeadlinesRequest) => [
    at('view', r, lotOrAll(r.lotId)),
  ]),
  '/parkade.recall.v1.RecallService/RecallNow': park('park'),
  '/parkade.recall.v1.RecallService/CancelRecall': park('park'),
  '/parkade.recall.v1.RecallService/MoveDeadline': park('park'),

  // A flow says itself whether it parks or retrieves, and in which lots children go on.
  '/parkade.flow.v1.FlowService/ExecuteParkAction': holders((r: ExecuteParkActionRequest) => [
    at('park', r, 'tenant'),
    at('retrieve', r, 'tenant'),
  ]),
  '/parkade.flow.v1.FlowService/PutFlow': tenant('admin'),
  '/parkade.flow.v1.FlowService/GetFlow': tenant('view'),
  '/parkade.flow.v1.FlowService/ListFlows': tenant('view'),
  '/parkade.flow.v1.FlowService/DeleteFlow': tenant('admin'),

  ...administration({
    admin: [
      ...['UpdateParkServer', 'CreateGroup', 'UpdateGroup', 'DeleteGroup', 'AddMember', 'RemoveMember'],
      ...['CreateUser', 'UpdateUser', 'DeleteUser', 'PutRingGroup', 'DeleteRingGroup', 'PutLot', 'DeleteLot'],
      ...['PutFlow', 'DeleteFlow', 'PutTenantSettings', 'UpdateFeatureCodes'],
      ...['CreatePromptFile', 'DeletePromptFile'],
    ],
    view: [
      ...['GetParkServer', 'GetGroup', 'ListGroups', 'ListMembers', 'GetUser', 'ListUsers'],
      ...['GetRingGroup', 'ListRingGroups', 'GetLot', 'ListLots'],
      ...['GetFlow', 'ListFlows', 'GetTenantSettings', 'GetFeatureCodes'],
      ...['GetPromptFile', 'ListPromptFiles'],
    ],
  }),
  '/parkade.admin.v1.RecordsService/ListAuditRecords': tenant('admin'),
  '/parkade.admin.v1.RecordsService/PutWebhook': tenant('admin'),
  '/parkade.admin.v1.RecordsService/GetWebhook': tenant('admin'),
  '/parkade.admin.v1.RecordsService/ListWebhooks': tenant('admin'),
  '/parkade.admin.v1.RecordsService/DeleteWebhook': tenant('admin'),
  '/parkade.admin.v1.RecordsService/ListDeadLetters': tenant('admin'),
  '/parkade.admin.v1.RecordsService/ReplayDeadLetters': tenant('admin'),
  '/parkade.admin.v1.AdminService/PutTenant': OPERATORS,
  '/parkade.admin.v1.AdminService/GetTenant': OPERATORS,
  '/parkade.admin.v1.AdminService/DeleteTenant': OPERATORS,
  '/parkade.admin.v1.AdminService/ListTenants': OPERATORS,
  '/parkade.admin.v1.AdminService/GetTenantQuotas': OPERATORS,
  '/parkade.admin.v1.AdminService/PutTenantQuotas': OPERATORS,

  '/parkade.media.v1.MediaNodeService/RingLeg': SERVICES,
  '/parkade.media.v1.MediaNodeService/CancelLeg': SERVICES,
  '/parkade.media.v1.MediaNodeService/GetLeg': SERVICES,
  '/parkade.media.v1.MediaNodeService/WatchLegs': SERVICES,
  '/parkade.media.v1.MediaNodeService/ConnectLeg': SERVICES,
  '/parkade.media.v1.MediaNodeService/TransferCall': SERVICES,
  '/parkade.media.v1.MediaNodeService/HoldCall': SERVICES,
  '/parkade.media.v1.MediaNodeService/HangUpCall': SERVICES,
  '/parkade.media.v1.MediaNodeService/TakeCall': SERVICES,
  '/parkade.media.v1.MediaNodeService/FetchCall': SERVICES,

  '/parkade.ownership.v1.OwnershipService/HandOff': SERVICES,

  '/parkade.slot.v1.SlotShardService/Exchange': SERVICES,
  '/parkade.slot.v1.SlotShardService/FollowShard': SERVICES,
  '/parkade.slot.v1.SlotShardService/ListOwned': SERVICES,
};

/** By command, as they were looked up: making the name of an RPC for each command cost more than the rest. */
const commandRights = new Map<string, RpcRights>();

function rightsOfCommand($case: string): RpcRights | undefined {
  const rights = RPC_RIGHTS[`/parkade.park.v1.ParkService/${$case.charAt(0).toUpperCase()}${$case.slice(1)}`];
  if (rights !== undefined) commandRights.set($case, rights);
  return rights;
}

/** What a command of the `Commands` stream needs: what the RPC of its name does. Nothing where it names no command. */
export function commandNeeds({ command }: Pick<CommandsRequest, 'command'>): readonly Need[] {
  if (command === undefined) return [];
  const { $case, value } = command;
  const rights = commandRights.get($case) ?? rightsOfCommand($case);
  if (rights?.who !== 'holders') throw new Error(`no rights are declared for the command ${$case}`);
  return rights.needs(value as never);
}

interface OfTenant {
  readonly tenantId: string;
}

function holders(needs: (request: never) => readonly Need[]): RpcRights {
  return { who: 'holders', needs };
}

/** One right in all of the tenant. */
function tenant(action: Role): RpcRights {
  return holders((r: OfTenant) => [at(action, r, 'tenant')]);
}

/** RPCs of AdminService that need one right in all of the tenant each. */
function administration(named: Partial<Record<Role, readonly string[]>>): Readonly<Record<string, RpcRights>> {
  const rows = Object.entries(named).flatMap(([role, names]) =>
    names.map((name) => [`/parkade.admin.v1.AdminService/${name}`, tenant(role as Role)] as const),
  );
  return Object.fromEntries(rows);
}

/** One right in the lot of the park that is named. */
function park(action: Role): RpcRights {
  return holders((r: OfTenant & { readonly parkId: string }) => [at(action, r, { parkId: r.parkId })]);
}

function at(action: Role, { tenantId }: OfTenant, where: Need['where']): Need {
  return { action, tenantId, where };
}

function retrieve(request: RetrieveRequest): readonly Need[] {
  const { from } = request;
  switch (from?.$case) {
    case 'slot':
      return [at('retrieve', request, slot(from.value))];
    case 'extension':
      return [at('retrieve', request, { lotId: EXTENSION_LOT })];
    default:
      return [at('retrieve', request, { parkId: from?.value ?? '' })];
  }
}

/** Extensions, and so the members of groups, are slots of a lot of their own. */
function target({ kind }: Target = { kind: undefined }): Need['where'] {
  switch (kind?.$case) {
    case 'slot':
    case 'lot':
      return slot(kind.value);
    case 'extension':
    case 'group':
      return { lotId: EXTENSION_LOT };
    case undefined:
      return 'tenant';
  }
}

function slot(named: Pick<SlotTarget, 'lotId'> | undefined): Need['where'] {
  return { lotId: named === undefined || named.lotId === '' ? DEFAULT_LOT : named.lotId };
}

function lotOrAll(lotId: string): Need['where'] {
  return lotId === '' ? 'tenant' : { lotId };
}
