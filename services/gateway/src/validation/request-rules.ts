import {
  type CallRef,
  type ClaimPickupRequest,
  type CommandsRequest,
  Direction,
  type Duration,
  type FlowChild,
  type FlowSlot,
  type FlowTarget,
  type FlowTerms,
  type GetParkRequest,
  type ListSlotsRequest,
  MediaControl,
  OnOccupied,
  type Parker,
  type ParkOrRetrieveRequest,
  type ParkRequest,
  ParkState,
  type PolicyOverrides,
  PresenceType,
  Reason,
  ReleaseCause,
  type ReleaseRequest,
  type ReserveRequest,
  type RetrieveRequest,
  Selection,
  type SlotTarget,
  type Target,
  type WatchSlotsRequest,
  Consistency,
  type CallKey,
} from '@parkade/proto';
import { isReservedLot, MAX_FLOW_SLOTS } from '@parkade/settings';
import { requestIdTimeMs } from '@parkade/ids';
import {
  each,
  type Fault,
  filled,
  known,
  length,
  message,
  name,
  oneOf,
  optional,
  present,
  printable,
  required,
  type Rule,
  text,
  transparent,
  within,
} from './rule.js';

/** A request id may be this much ahead of our clock. */
export const MAX_REQUEST_ID_AHEAD_MS = 60_000;

const DAY_MS = 86_400_000;
const MAX_STAY_MS = 366 * DAY_MS;
const MAX_EXTEND_MS = 30 * DAY_MS;
const MAX_TOKEN_LENGTH = 32_768;
const DIGEST_BYTES = 32;
const MAX_FROM_NODES = 256;

export const MAX_PAGE_SIZE = 1_000;

/** Absent (we make one), or a UUIDv7 that is not from the future. */
const requestId: Rule<string> = (value, nowMs) => {
  if (value === '') return undefined;
  const madeAtMs = requestIdTimeMs(value);
  const reason = Reason.REQUEST_ID_INVALID;
  if (madeAtMs === undefined) return { path: '', must: 'must be a UUIDv7 in lower case, or be left out', reason };
  if (madeAtMs <= nowMs + MAX_REQUEST_ID_AHEAD_MS) return undefined;
  return { path: '', must: 'lies more than 60 s in the future: set the clock that makes it', reason };
};

/** Reserved lots are not for clients to name when they park or retrieve by slot. */
const openLot: Rule<string> = (value, nowMs) => {
  if (!isReservedLot(value)) return optional(name)(value, nowMs);
  return { path: '', must: 'names a reserved lot: use an extension target, or a park id' };
};

const slotTarget = message<SlotTarget>({ lotId: openLot, slot: name });
const anySlotTarget = message<SlotTarget>({ lotId: optional(name), slot: name });
const extensionTarget = message<{ extension: string }>({ extension: name });

const target = message<Target>({
  kind: transparent(
    oneOf<NonNullable<Target['kind']>>({
      slot: slotTarget,
      lot: message({ lotId: openLot, selection: known(Selection) }),
      extension: extensionTarget,
      group: message({ groupId: name }),
    }),
  ),
});

const callId = printable(128);

const call = message<CallRef>({
  mediaNode: name,
  callId: filled(callId, "the call's id at its media node, 1 to 128 printable ASCII characters"),
  callerName: text(128),
  callerNumber: text(64),
  direction: known(Direction),
  sipCallId: printable(256),
});

const parker = present(message<Parker>({ userId: text(64), deviceId: text(64), extension: text(64) }));

const overridden = message<PolicyOverrides>({
  ringbackTimeout: length(1_000, MAX_STAY_MS, 'for ever'),
  callbackTimeout: length(1_000, DAY_MS),
  presenceType: known(PresenceType),
  presenceId: (value) =>
    /^[\x21-\x7e]{0,128}$/.test(value)
      ? undefined
      : { path: '', must: 'must be at most 128 printable ASCII characters without blanks' },
  maxPark: length(1_000, MAX_STAY_MS, 'no bound'),
});
const overrides = present(overridden);

const flow = present(
  message<FlowTerms>({
    flowId: optional(name),
    slots: each(message<FlowSlot>({ slot: name, overrides: required(overridden, 'its values') }), MAX_FLOW_SLOTS),
    children: each(
      message<FlowChild>({ key: name, target: required(message<FlowTarget>({ to: flowTarget() }), 'what it is') }),
      MAX_FLOW_SLOTS,
    ),
  }),
);

function flowTarget(): Rule<FlowTarget['to']> {
  return transparent(
    oneOf<NonNullable<FlowTarget['to']>>({
      voicemail: name,
      device: name,
      user: name,
      ringGroup: name,
      callflow: name,
      destination: filled(printable(128), 'a dial-plan destination'),
    }),
  );
}

const note = text(512);
const mediaControl = known(MediaControl);
const parkId: Rule<string> = filled(text(64), 'the park id that Park answered');
const head = { requestId, tenantId: name };
const theTarget = required(target, 'where to park');
const theCall = required(call, 'the call');

/** SHA-256 of a pickup's secret. */
const digest: Rule<Uint8Array> = (value) =>
  value.byteLength === DIGEST_BYTES ? undefined : { path: '', must: `must be a SHA-256: ${DIGEST_BYTES} bytes` };

const beginRetrieve = message<RetrieveRequest>({
  ...head,
  from: transparent(
    oneOf<NonNullable<RetrieveRequest['from']>>({ slot: slotTarget, extension: extensionTarget, parkId }),
  ),
  retriever: required(call, 'the call that takes it'),
  mediaControl,
  giveUpAfter: length(1_000, 60_000),
  pickupDigest: present(digest),
});

/** Who takes a call in one step sends no phone anywhere. */
const retrieve: Rule<RetrieveRequest> = (value, nowMs) =>
  value.pickupDigest === undefined
    ? beginRetrieve(value, nowMs)
    : { path: 'pickup_digest', must: 'is only valid with BeginRetrieve' };

const released = message<ReleaseRequest>({
  ...head,
  parkId,
  cause: known(ReleaseCause),
  callId,
  destination: present(printable(128)),
});

/** A call that escapes says where to; no other does. */
function destinationFault({ cause, destination = '' }: ReleaseRequest): Fault | undefined {
  if ((cause === ReleaseCause.ESCAPED) === (destination !== '')) return undefined;
  const must = destination === '' ? 'is missing: give where the call goes' : 'is only valid with RELEASE_CAUSE_ESCAPED';
  return { path: 'destination', must };
}

type PublicCommand = NonNullable<CommandsRequest['command']>;

/** What each command must be; the one place that says it. */
export const COMMAND_RULES: {
  readonly [Name in PublicCommand['$case']]: Rule<Extract<PublicCommand, { readonly $case: Name }>['value']>;
} = {
  park: message<ParkRequest>({
    ...head,
    target: theTarget,
    call: theCall,
    parker,
    note,
    onOccupied: known(OnOccupied),
    mediaControl,
    overrides,
    flow,
  }),
  reserve: message<ReserveRequest>({
    ...head,
    target: theTarget,
    call: theCall,
    parker,
    note,
    mediaControl,
    overrides,
    flow,
  }),
  completeReservation: message({ ...head, parkId, call: theCall }),
  retrieve,
  beginRetrieve,
  confirmRetrieve: message({ ...head, parkId, retrieveId: filled(text(64), 'what BeginRetrieve answered') }),
  giveBackRetrieve: message({
    ...head,
    parkId,
    retrieveId: filled(text(64), 'what BeginRetrieve answered'),
    cause: text(64),
  }),
  claimPickup: message<ClaimPickupRequest>({
    ...head,
    parkId,
    digest,
    mediaNode: name,
    fromMediaNodes: each(name, MAX_FROM_NODES),
  }),
  parkOrRetrieve: message<ParkOrRetrieveRequest>({
    ...head,
    slot: required(slotTarget, 'the slot'),
    call: theCall,
    parker,
    note,
    mediaControl,
    overrides,
    flow,
  }),
  release: (value, nowMs) => released(value, nowMs) ?? destinationFault(value),
  movePark: message({ ...head, parkId, slot: required(slotTarget, 'the slot it moves to') }),
  extendPark: message({
    ...head,
    parkId,
    recallIn: (value: Duration | undefined, nowMs: number) =>
      value === undefined
        ? { path: '', must: 'is missing: give the time until the call comes back, 0 for never' }
        : length(1_000, MAX_EXTEND_MS, 'never')(value, nowMs),
  }),
  renewPolicy: message({ ...head, parkId }),
  getSlot: message({
    tenantId: name,
    slot: required(anySlotTarget, 'the slot'),
    consistency: known(Consistency),
  }),
};

/** What the other requests must be. */
export const READ_RULES = {
  getPark: message<GetParkRequest>({
    tenantId: name,
    by: transparent(
      oneOf<NonNullable<GetParkRequest['by']>>({
        parkId,
        call: message<CallKey>({ mediaNode: optional(name), callId: filled(printable(256), 'the call id') }),
      }),
    ),
    consistency: known(Consistency),
  }),
  listSlots: message<ListSlotsRequest>({
    tenantId: name,
    lotId: optional(name),
    states: each(known(ParkState), 16),
    pageSize: within(0, MAX_PAGE_SIZE),
    pageToken: printable(MAX_TOKEN_LENGTH),
  }),
  watchSlots: message<WatchSlotsRequest>({
    tenantId: name,
    lotId: optional(name),
    resumeToken: printable(MAX_TOKEN_LENGTH),
  }),
} as const;
