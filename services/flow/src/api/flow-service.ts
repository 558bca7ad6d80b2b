import { ActorScope, auditedStore } from '@parkade/admin';
import type { Clock, Random } from '@parkade/clock';
import { fieldFault, type FlowCache, FlowRecords } from '@parkade/flow';
import { callerOf } from '@parkade/identity';
import { DEFAULT_LOT, newRequestId } from '@parkade/ids';
import {
  type DeleteFlowRequest,
  type DeleteFlowResponse,
  type ExecuteParkActionRequest,
  type ExecuteParkActionResponse,
  FlowServiceService,
  type GetFlowRequest,
  type GetFlowResponse,
  type ListFlowsRequest,
  type ListFlowsResponse,
  type PutFlowRequest,
  type PutFlowResponse,
  Reason,
} from '@parkade/proto';
import { type MountedService, Refused, unary, type UnderWay } from '@parkade/rpc';
import type { SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import type { FlowLimits } from '../config.js';
import type { Arrival } from '../run/arrival.js';
import { Execution } from '../run/execution.js';
import type { ParkPort } from '../run/park-port.js';
import { parkNodeOf, requestFault, wayInOf } from './checked-request.js';
import { flowOf } from './flow-of.js';

export interface FlowServiceDeps {
  /** Where flows are stored. */
  readonly store: Store;
  readonly limits: FlowLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly port: ParkPort;
  readonly flows: Pick<FlowCache, 'get'>;
  readonly settings: Pick<SettingsCache, 'tenant'>;
  readonly underWay: UnderWay;
  readonly onDefect: (error: unknown) => void;
}

/** `parkade.flow.v1.FlowService`, ready to be mounted on a server. */
export function flowService(deps: FlowServiceDeps): MountedService {
  const { underWay, clock, limits, onDefect } = deps;
  const execute = unary<ExecuteParkActionRequest, ExecuteParkActionResponse>((request, { deadlineMs }) => {
    const leftMs = deadlineMs === Infinity ? limits.defaultTimeoutMs : Math.max(0, deadlineMs - clock.nowMs());
    const margin = Math.min(limits.answerMarginMs, leftMs / 4);
    const endMs = clock.monotonicMs() + Math.min(leftMs, limits.maxTimeoutMs) - margin;
    return underWay.run(request.tenantId, () => executeParkAction(request, endMs, deps));
  }, onDefect);
  const { random } = deps;
  const asked = new ActorScope();
  const store = auditedStore({ store: deps.store, clock, random, by: () => asked.current() });
  const stored = new FlowRecords(store);
  const mounted = <Request extends { readonly tenantId: string }, Response>(
    work: (request: Request) => Promise<Response | Refused>,
  ): ReturnType<typeof unary<Request, Response>> =>
    unary<Request, Response>((request) => underWay.run(request.tenantId, () => work(request)), onDefect);
  const changing = <Request extends { readonly requestId: string; readonly tenantId: string }, Response>(
    work: (request: Request) => Promise<Response | Refused>,
  ): ReturnType<typeof unary<Request, Response>> =>
    unary<Request, Response>((request, call) => {
      const operation = call.path.slice(call.path.lastIndexOf('.') + 1);
      const by = { principal: callerOf(call).subject, peer: call.peer, operation, requestId: request.requestId };
      return underWay.run(request.tenantId, () => asked.run(by, () => work(request)));
    }, onDefect);
  return {
    definition: FlowServiceService,
    implementation: {
      executeParkAction: execute,
      putFlow: changing<PutFlowRequest, PutFlowResponse>((request) => stored.put(request)),
      getFlow: mounted<GetFlowRequest, GetFlowResponse>((request) => stored.get(request)),
      listFlows: mounted<ListFlowsRequest, ListFlowsResponse>((request) => stored.list(request)),
      deleteFlow: changing<DeleteFlowRequest, DeleteFlowResponse>((request) => stored.delete(request)),
    },
  };
}

async function executeParkAction(
  request: ExecuteParkActionRequest,
  endMs: number,
  deps: FlowServiceDeps,
): Promise<ExecuteParkActionResponse | Refused> {
  const wrong = requestFault(request);
  if (wrong !== undefined) return wrong;
  const arrival = await arrivalOf(request, deps);
  if (arrival instanceof Refused) return arrival;
  const result = await new Execution(arrival, endMs, deps).run();
  return result instanceof Refused ? fromGateway(result) : { ...result, requestId: arrival.requestId };
}

async function arrivalOf(request: ExecuteParkActionRequest, deps: FlowServiceDeps): Promise<Arrival | Refused> {
  const { clock, random, settings } = deps;
  const { tenantId, lotId, call, parker, note, mediaControl, capturedDigits, wayIn } = request;
  if (call === undefined) return fieldFault('call', 'is missing: give the call');
  const flow = await flowOf(request, deps.flows);
  if (flow instanceof Refused) return flow;
  const node = parkNodeOf(flow, request.node);
  if (node instanceof Refused) return node;
  const lot = settings.tenant(tenantId)?.lot(lotId === '' ? DEFAULT_LOT : lotId);
  return {
    ...{ tenantId, lotId, node, call, parker, note, mediaControl },
    requestId: request.requestId === '' ? newRequestId(clock.nowMs(), random) : request.requestId,
    flowId: request.flow?.$case === 'flowId' ? request.flow.value : '',
    path: request.node,
    slot: node.data.slot ?? (capturedDigits === '' ? undefined : capturedDigits),
    wayIn: wayInOf(request),
    replaced: wayIn?.$case === 'attendedCompletion' ? wayIn.value.replaced : undefined,
    nextFree: lot?.on_occupied === 'next_free',
  };
}

/** A gateway names the fields of its own requests; the retriever of those is the call of ours. */
function fromGateway(refused: Refused): Refused {
  if (refused.reason !== Reason.INVALID_FIELD) return refused;
  const field = refused.metadata['field']?.replace(/^retriever\b/, 'call') ?? '';
  return new Refused(refused.reason, refused.message, { ...refused.metadata, field });
}
