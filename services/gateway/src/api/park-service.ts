import type { handleUnaryCall, ServerDuplexStream } from '@grpc/grpc-js';
import { type Clock } from '@parkade/clock';
import { actorOf, callerOf, TAKES } from '@parkade/identity';
import {
  type CommandsRequest,
  type CommandsResponse,
  ParkServiceService,
  WatchSlotsResponse,
  type GetParkRequest,
  type GetParkResponse,
  type ListParkHistoryRequest,
  type ListParkHistoryResponse,
  type ListSlotsRequest,
  type ListSlotsResponse,
} from '@parkade/proto';
import { type CallContext, Malformed, type MountedService, Refused, unary } from '@parkade/rpc';
import type { Commands } from '../commands/commands.js';
import type { PublicAnswer, PublicCommand } from '../commands/public-command.js';
import type { GatewayLimits } from '../config.js';
import { type Deadline, unaryDeadline } from '../deadline.js';
import type { OpenStreams } from '../stream/open-streams.js';
import type { TenantQuotas } from '../quotas/tenant-quotas.js';
import { sized } from '../validation/sized.js';
import type { WatchCall } from '../watch/watch-slots.js';
import type { UnderWay } from './under-way.js';

export interface ParkServiceDeps {
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly getPark: (request: GetParkRequest, deadline: Deadline) => Promise<GetParkResponse | Refused>;
  readonly listSlots: (request: ListSlotsRequest, deadline: Deadline) => Promise<ListSlotsResponse | Refused>;
  readonly listParkHistory: (
    request: ListParkHistoryRequest,
    deadline: Deadline,
  ) => Promise<ListParkHistoryResponse | Refused>;
  readonly watchSlots: (call: WatchCall) => Promise<void>;
  readonly streams: OpenStreams;
  readonly underWay: UnderWay;
  readonly quotas: Pick<TenantQuotas, 'request'>;
  readonly onDefect: (error: unknown) => void;
  /** Whether requests are traced, and their traces handed on. */
  readonly tracing: boolean;
}

type Request<Name extends PublicCommand['$case']> = Extract<PublicCommand, { readonly $case: Name }>['value'];
type Response<Name extends PublicAnswer['$case']> = Extract<PublicAnswer, { readonly $case: Name }>['value'];

/** `parkade.park.v1.ParkService`, ready to be mounted on a server. */
export function parkService(deps: ParkServiceDeps): MountedService {
  const { limits, clock, commands, underWay, quotas, onDefect, tracing } = deps;

  /** A unary RPC that bounds what is under way and ends a little before its caller's time does. */
  function handler<Req extends { readonly tenantId: string }, Res>(
    name: string,
    handle: (request: Req, deadline: Deadline, trace: string | undefined, call: CallContext) => Promise<Res | Refused>,
  ): handleUnaryCall<Req, Res> {
    const answered = unary<Req, Res>((request, context) => {
      const { deadlineMs } = context;
      const deadline = unaryDeadline(deadlineMs, clock, limits);
      const trace = tracing ? context.trace : undefined;
      return underWay.run(request.tenantId, () => handle(request, deadline, trace, context));
    }, onDefect);
    return (call, callback) => {
      const request: unknown = call.request;
      const beyond = request instanceof Malformed ? undefined : quotas.request(call.request.tenantId, name, call);
      if (beyond === undefined) answered(call, callback);
      else callback(beyond.toServiceError());
    };
  }

  /** A unary RPC that is one command, answered by the case `answer`. */
  function command<Name extends PublicCommand['$case'], Answer extends PublicAnswer['$case']>(
    name: Name,
    expected: Answer,
  ): handleUnaryCall<Request<Name>, Response<Answer>> {
    const operation = `ParkService/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return handler(name, async (value, deadline, trace, call) => {
      const by = TAKES.has(name) ? actorOf(callerOf(call), call.peer, operation) : undefined;
      const answer = await commands.execute({ $case: name, value } as PublicCommand, deadline, trace, by);
      if (answer instanceof Refused) return answer;
      if (answer.$case !== expected) throw new Error(`${name} was answered with ${answer.$case}`);
      return answer.value as Response<Answer>;
    });
  }

  return {
    definition: definition(limits.maxRequestBytes),
    implementation: {
      park: command('park', 'park'),
      reserve: command('reserve', 'park'),
      completeReservation: command('completeReservation', 'park'),
      retrieve: command('retrieve', 'retrieve'),
      beginRetrieve: command('beginRetrieve', 'retrieve'),
      confirmRetrieve: command('confirmRetrieve', 'retrieve'),
      giveBackRetrieve: command('giveBackRetrieve', 'park'),
      claimPickup: command('claimPickup', 'retrieve'),
      parkOrRetrieve: command('parkOrRetrieve', 'parkOrRetrieve'),
      release: command('release', 'release'),
      movePark: command('movePark', 'park'),
      extendPark: command('extendPark', 'park'),
      renewPolicy: command('renewPolicy', 'park'),
      getSlot: command('getSlot', 'getSlot'),
      getPark: handler('getPark', deps.getPark),
      listSlots: handler('listSlots', deps.listSlots),
      listParkHistory: handler('listParkHistory', deps.listParkHistory),
      watchSlots: (call: WatchCall) => void deps.watchSlots(call).catch(onDefect),
      commands: (call: ServerDuplexStream<CommandsRequest, CommandsResponse>) => deps.streams.open(call),
    },
  };
}

/** The service with bounded requests, and with watch messages that were encoded once for many. */
function definition(maxRequestBytes: number): MountedService['definition'] {
  const responseSerialize = (message: Uint8Array | WatchSlotsResponse): Buffer =>
    message instanceof Uint8Array
      ? Buffer.from(message.buffer, message.byteOffset, message.byteLength)
      : WatchSlotsResponse.encode(message).finish();
  const watch = { ...ParkServiceService.watchSlots, responseSerialize };
  return {
    ...sized({ ...ParkServiceService, watchSlots: watch }, maxRequestBytes),
    ...sized({ commands: ParkServiceService.commands }, maxRequestBytes, commandsIn),
  };
}

function commandsIn(request: unknown): number {
  return Math.max(1, (request as CommandsRequest).batch.length);
}
