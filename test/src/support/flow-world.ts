import { credentials, type ServiceError } from '@grpc/grpc-js';
import { EmbeddedBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { startFlow, DEFAULT_LIMITS as FLOW_LIMITS } from '@parkade/flow-service';
import { createGateway } from '@parkade/gateway';
import { newRequestId } from '@parkade/ids';
import {
  type CallRef,
  Consistency,
  Direction,
  type ExecuteParkActionRequest,
  type ExecuteParkActionResponse,
  FlowServiceClient,
  type GetSlotResponse,
  MediaControl,
  type Park,
  ParkActionOutcome,
  type ParkResponse,
  ParkServiceClient,
  PromptKind,
  PromptListener,
  Reason,
  type ReleaseCause,
  type ReleaseResponse,
  type RetrieveResponse,
  type Slot,
} from '@parkade/proto';
import { type CallFailure, callFailure, type Log } from '@parkade/rpc';
import { type LotSettingsInput, putLot, putTenant } from '@parkade/settings';
import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import { openEmbeddedStore, type Store } from '@parkade/store';

const SHARDS = 4;

export const clock = new SystemClock();
export const random = new SystemRandom();

/** Slots 101 to 120, and any other that is dialled. */
export const LOT: LotSettingsInput = { ranges: [{ first: '101', last: '120' }], any_slot: true };

type Execute = Omit<Partial<ExecuteParkActionRequest>, 'call' | 'flow'>;

/** An outcome as a test reads it. */
export interface Heard {
  readonly outcome: string;
  readonly slot: string | undefined;
  /** `SLOT_NUMBER 101 to CALL`. */
  readonly prompt: string | undefined;
  readonly answer: boolean;
  readonly next: string | undefined;
  readonly reason: string | undefined;
}

/** What a flow engine talks to, and one tenant of it. */
export class FlowWorld {
  readonly #closers: (() => Promise<void> | void)[] = [];
  #executions = 0;

  /** `flows`: the flow processes, asked in turns. */
  constructor(
    readonly store: Store,
    readonly parks: ParkServiceClient,
    readonly flows: readonly FlowServiceClient[],
    readonly tenantId: string,
    readonly bus = new EmbeddedBus({ clock }),
    readonly defects: readonly string[] = [],
  ) {}

  /** All of it in one process: owner, gateway, FlowService, over real gRPC. */
  static async start(lot: LotSettingsInput = LOT): Promise<FlowWorld> {
    const closers: (() => Promise<void> | void)[] = [];
    const defects: string[] = [];
    const log: Log = {
      info: () => undefined,
      warn: () => undefined,
      error: (event, fields) => void defects.push(`${event} ${JSON.stringify(fields)}`),
    };
    const store = await openEmbeddedStore({ clock });
    closers.push(() => store.close());
    await putTenant(store, 'acme', {});
    await putLot(store, 'acme', 'default', lot);
    const bus = new EmbeddedBus({ clock });
    closers.push(() => bus.close());
    const owner = await startSlotShard(
      { memberId: 'o1', host: '127.0.0.1', port: 0, version: '1', leaseTtlMs: 5_000, limits: DEFAULT_LIMITS },
      SHARDS,
      { store, bus, clock, random, log, timing: { joinDelayMs: 10, settleMs: 50, claimJitterMs: 1 } },
    );
    closers.push(() => owner.close());
    while (owner.ownedShards() < SHARDS) await new Promise((resolve) => setTimeout(resolve, 10));
    const gateway = await createGateway({}, { store, clock, random, log });
    closers.push(() => gateway.close());
    const flow = await startFlow(
      { host: '127.0.0.1', port: 0, gateway: gateway.address, limits: FLOW_LIMITS },
      { store, clock, random, log },
    );
    closers.push(() => flow.close());
    const parks = new ParkServiceClient(gateway.address, credentials.createInsecure());
    const flows = new FlowServiceClient(flow.address, credentials.createInsecure());
    closers.push(
      () => parks.close(),
      () => flows.close(),
    );
    const world = new FlowWorld(store, parks, [flows], 'acme', bus, defects);
    world.#closers.push(...closers);
    return world;
  }

  onClose(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  /** Executes a flow, inline unless `flow` is the id of a stored one. */
  execute(
    call: string,
    flow: object | string,
    changes: Execute = {},
    by?: FlowServiceClient,
  ): Promise<ExecuteParkActionResponse> {
    const request: ExecuteParkActionRequest = {
      requestId: requestId(),
      tenantId: this.tenantId,
      flow:
        typeof flow === 'string'
          ? { $case: 'flowId', value: flow }
          : { $case: 'inlineJson', value: JSON.stringify(flow) },
      node: [],
      lotId: '',
      call: callRef(call),
      parker: { userId: 'bob', deviceId: 'bob-1', extension: '200' },
      capturedDigits: '',
      wayIn: DIRECT,
      note: '',
      mediaControl: MediaControl.CALLER,
      ...changes,
    };
    const flows = by ?? given(this.flows[this.#executions++ % this.flows.length]);
    return new Promise((resolve, reject) =>
      flows.executeParkAction(request, (error, response) => (error === null ? resolve(response) : reject(error))),
    );
  }

  /** The same, as a test reads it. */
  async hear(call: string, flow: object | string, changes: Execute = {}, by?: FlowServiceClient): Promise<Heard> {
    return heard(await this.execute(call, flow, changes, by));
  }

  /** The refusal that `execute` must end in. */
  async failure(call: string, flow: object | string, changes: Execute = {}): Promise<CallFailure> {
    const error: unknown = await this.execute(call, flow, changes).then(
      (response) => new Error(`not refused: ${JSON.stringify(heard(response))}`),
      (failure: unknown) => failure,
    );
    return callFailure(error);
  }

  async slot(slot: string): Promise<Slot> {
    const request = { tenantId: this.tenantId, slot: { lotId: '', slot }, consistency: Consistency.FENCED };
    return given((await this.#ask<GetSlotResponse>((done) => this.parks.getSlot(request, done))).slot);
  }

  /** The calls in a slot, `id state`. */
  async inSlot(slot: string): Promise<readonly string[]> {
    return (await this.slot(slot)).parks.map(({ call, state }) => `${call?.callId ?? ''} ${STATES[state] ?? ''}`);
  }

  async confirm(park: Park): Promise<Park> {
    const { tenantId, parkId, retrieveId } = park;
    const request = { requestId: requestId(), tenantId, parkId, retrieveId };
    return given((await this.#ask<RetrieveResponse>((done) => this.parks.confirmRetrieve(request, done))).park);
  }

  async giveBack(park: Park): Promise<Park> {
    const { tenantId, parkId, retrieveId } = park;
    const request = { requestId: requestId(), tenantId, parkId, retrieveId, cause: 'no-media' };
    return given((await this.#ask<ParkResponse>((done) => this.parks.giveBackRetrieve(request, done))).park);
  }

  async move(park: Park, slot: string): Promise<Park> {
    const { tenantId, parkId } = park;
    const request = { requestId: requestId(), tenantId, parkId, slot: { lotId: '', slot } };
    return given((await this.#ask<ParkResponse>((done) => this.parks.movePark(request, done))).park);
  }

  async release(park: Park, cause: ReleaseCause): Promise<Park> {
    const { tenantId, parkId } = park;
    const request = { requestId: requestId(), tenantId, parkId, cause, callId: '' };
    return given((await this.#ask<ReleaseResponse>((done) => this.parks.release(request, done))).park);
  }

  #ask<Response>(send: (done: (error: ServiceError | null, response: Response) => void) => void): Promise<Response> {
    return new Promise((resolve, reject) =>
      send((error, response) => (error === null ? resolve(response) : reject(error))),
    );
  }
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('answered without a value');
  return value;
}

const STATES = ['', 'reserved', 'parked', 'ringback', 'retrieving', 'ended'];

export const DIRECT = { $case: 'direct', value: {} } as const;
export const BLIND = { $case: 'blindTransfer', value: {} } as const;

/** The call takes the place of this consulting call. */
export function completing(callId: string): NonNullable<ExecuteParkActionRequest['wayIn']> {
  return { $case: 'attendedCompletion', value: { replaced: { mediaNode: '', callId } } };
}

export function requestId(): string {
  return newRequestId(clock.nowMs(), random);
}

export function callRef(callId: string): CallRef {
  return {
    mediaNode: 'fs1',
    callId,
    callerName: 'Ann',
    callerNumber: '5551234',
    direction: Direction.INBOUND,
    sipCallId: `${callId}@sip`,
  };
}

/** The park of an outcome that has one. */
export function parkOf(response: ExecuteParkActionResponse): Park {
  if (response.park === undefined) throw new Error(`no park: ${JSON.stringify(heard(response))}`);
  return response.park;
}

export function heard({ outcome, park, prompt, answer, next, reason }: ExecuteParkActionResponse): Heard {
  const words = prompt && [PromptKind[prompt.kind], prompt.slot, 'to', PromptListener[prompt.listener]];
  return {
    outcome: ParkActionOutcome[outcome],
    slot: park?.slot,
    prompt: words?.filter((word) => word !== '').join(' '),
    answer,
    next: next?.key,
    reason: reason === Reason.UNSPECIFIED ? undefined : Reason[reason],
  };
}
