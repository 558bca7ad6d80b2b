import type { handleUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import {
  type CallRef,
  type CancelLegRequest,
  type CancelLegResponse,
  type ConnectLegRequest,
  type ConnectLegResponse,
  type FetchCallRequest,
  type FetchCallResponse,
  type GetLegRequest,
  type GetLegResponse,
  type HangUpCallRequest,
  type HangUpCallResponse,
  type HoldCallRequest,
  type HoldCallResponse,
  MediaNodeServiceService,
  type RingLegRequest,
  type RingLegResponse,
  type TakeCallRequest,
  type TakeCallResponse,
  type TransferCallRequest,
  type TransferCallResponse,
  type WatchLegsRequest,
  type WatchLegsResponse,
} from '@parkade/proto';
import { durationMs, type MountedService, type Refused, unary } from '@parkade/rpc';
import type { FetchRequest } from '../calls/fetching.js';
import type { NodeAgent } from '../nodes/node-agent.js';
import type { LegStreams } from './leg-streams.js';
import { legRef, notHere, toConnect, toFetched, toState, toTransfer } from './wire.js';

/** How long a phone rings for a call that somebody wants there. */
const [MIN_RING_MS, MAX_RING_MS] = [1_000, 120_000];

export interface MediaNodeServiceDeps {
  /** The agent of a node that is ours now. */
  readonly agent: (node: string) => NodeAgent | undefined;
  readonly streams: LegStreams;
  readonly onDefect: (error: unknown) => void;
}

/** `parkade.media.v1.MediaNodeService`, ready to be mounted. */
export function mediaNodeService({ agent, streams, onDefect }: MediaNodeServiceDeps): MountedService {
  /** A handler that needs the node to be ours and reachable. */
  function on<Req, Res>(
    nodeOf: (request: Req) => string,
    handle: (request: Req, node: NodeAgent) => Promise<Res | Refused>,
  ): handleUnaryCall<Req, Res> {
    return unary<Req, Res>((request) => {
      const node = nodeOf(request);
      const found = agent(node);
      return found?.isUp === true ? handle(request, found) : Promise.resolve(notHere(node));
    }, onDefect);
  }
  const ofLeg = ({ leg }: { leg: RingLegRequest['leg'] }): string => leg?.mediaNode ?? '';
  const ofCall = ({ call }: { call: CallRef | undefined }): string => call?.mediaNode ?? '';

  return {
    definition: MediaNodeServiceService,
    implementation: {
      ringLeg: on<RingLegRequest, RingLegResponse>(ofLeg, async (request, node) => {
        return (await node.legs.ring(ringOf(request))) ? {} : notHere(node.node.name);
      }),
      cancelLeg: on<CancelLegRequest, CancelLegResponse>(ofLeg, async (request, node) => {
        const isGone = await node.legs.cancel(legRef(request.leg), request.answeredElsewhere);
        return isGone ? {} : notHere(node.node.name);
      }),
      getLeg: on<GetLegRequest, GetLegResponse>(ofLeg, async (request, node) => ({
        state: toState(await node.legs.stateOf(legRef(request.leg))),
      })),
      watchLegs: (call: ServerWritableStream<WatchLegsRequest, WatchLegsResponse>) =>
        streams.open(call, (node) => agent(node) !== undefined),
      connectLeg: on<ConnectLegRequest, ConnectLegResponse>(ofLeg, async (request, node) => {
        const joined = await node.legs.connect(legRef(request.leg), request.call?.callId ?? '');
        return joined === 'unknown' ? notHere(node.node.name) : { outcome: toConnect(joined) };
      }),
      transferCall: on<TransferCallRequest, TransferCallResponse>(ofCall, transfer),
      holdCall: on<HoldCallRequest, HoldCallResponse>(ofCall, async (request, node) => {
        await node.hold(request.call?.callId ?? '');
        return {};
      }),
      hangUpCall: on<HangUpCallRequest, HangUpCallResponse>(ofCall, async (request, node) => {
        const { call, parkId } = request;
        const ended = await node.endParked({ callId: call?.callId ?? '', parkId });
        return ended === 'unknown' ? notHere(node.node.name) : {};
      }),
      fetchCall: on<FetchCallRequest, FetchCallResponse>(ofLeg, async (request, node) => {
        const { name } = node.node;
        const fetched = await node.calls.fetching.fetch(fetchOf(request));
        // Whoever has the node next goes on with the phone.
        const isLost = fetched === 'unknown' && agent(name) !== node;
        return fetched === undefined || isLost ? notHere(name) : { outcome: toFetched(fetched) };
      }),
      takeCall: unary<TakeCallRequest, TakeCallResponse>(
        async ({ mediaNode, callId }) => (await agent(mediaNode)?.takeCall(callId)) ?? notHere(mediaNode),
        onDefect,
      ),
    },
  };
}

function ringOf(request: RingLegRequest): Parameters<NodeAgent['legs']['ring']>[0] {
  const { tenantId, contact, ringFor, callerName, callerNumber, alertInfo, followForwarding } = request;
  const { legId, mediaNode, parkId } = legRef(request.leg);
  return {
    legId,
    mediaNode,
    parkId,
    tenantId,
    contact,
    ringMs: ringFor === undefined ? 0 : durationMs(ringFor),
    presentation: { name: callerName, number: callerNumber, alertInfo },
    followForwarding,
  };
}

function fetchOf({ leg, tenantId, extension, ringFor, by }: FetchCallRequest): FetchRequest {
  const ringMs = Math.min(MAX_RING_MS, Math.max(MIN_RING_MS, ringFor === undefined ? 0 : durationMs(ringFor)));
  return { ...legRef(leg), tenantId, extension, ringMs, by };
}

async function transfer(request: TransferCallRequest, node: NodeAgent): Promise<TransferCallResponse | Refused> {
  const { call, parkId, destination, context } = request;
  const outcome = await node.handOver({ callId: call?.callId ?? '', parkId }, destination, context);
  return outcome === 'unknown' ? notHere(node.node.name) : { outcome: toTransfer(outcome) };
}
