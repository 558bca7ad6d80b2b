import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import { type Clock } from '@parkade/clock';
import { askerOf, TAKES } from '@parkade/identity';
import {
  type CommandsRequest,
  ParkServiceService,
  type GetParkRequest,
  type GetParkResponse,
  type ListParkHistoryRequest,
  type ListParkHistoryResponse,
  type ListSlotsRequest,
  type ListSlotsResponse,
} from '@parkade/proto';
import { defect, Malformed, type MountedService, Refused, traceOf, unary, type UnderWay } from '@parkade/rpc';
import type { Commands } from '../commands/commands.js';
import type { CommandName, PublicCommand } from '../commands/public-command.js';
import type { GatewayLimits } from '../config.js';
import { type Deadline, unaryDeadline } from '../deadline.js';
import type { CommandsCall } from '../stream/commands-stream.js';
import type { OpenStreams } from '../stream/open-streams.js';
import type { TenantQuotas } from '../quotas/tenant-quotas.js';
import { sized } from '../validation/sized.js';
import type { WatchCall } from '../watch/watch-slots.js';

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

type Request<Name extends CommandName> = Extract<PublicCommand, { readonly $case: Name }>['value'];
type UnaryCall<Req> = ServerUnaryCall<Req, unknown>;

/** `parkade.park.v1.ParkService`, ready to be mounted on a server. */
export function parkService(deps: ParkServiceDeps): MountedService {
  const { limits, clock, commands, underWay, quotas, onDefect, tracing } = deps;

  /** Why a request is not begun: it is none, or it is one too many. */
  function refusal(name: string, call: UnaryCall<{ readonly tenantId: string }>): Refused | undefined {
    const request: unknown = call.request;
    return request instanceof Malformed ? request.refused() : quotas.request(call.request.tenantId, name, call);
  }

  /** A unary RPC that bounds what is under way and ends a little before its caller's time does. */
  function handler<Req extends { readonly tenantId: string }, Res>(
    name: string,
    handle: (request: Req, deadline: Deadline) => Promise<Res | Refused>,
  ): handleUnaryCall<Req, Res> {
    const answered = unary<Req, Res>((request, { deadlineMs }) => {
      const deadline = unaryDeadline(deadlineMs, clock, limits);
      return underWay.run(request.tenantId, () => handle(request, deadline));
    }, onDefect);
    return (call, callback) => {
      const refused = refusal(name, call);
      if (refused === undefined) answered(call, callback);
      else callback(refused.toServiceError());
    };
  }

  /** A unary RPC that is one command: as `handler`, without a promise, its answer written as the bytes it came as. */
  function command<Name extends CommandName>(name: Name): handleUnaryCall<Request<Name>, Uint8Array> {
    const operation = `ParkService/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const takes = TAKES.has(name);
    return (call, callback) => {
      const refused = refusal(name, call) ?? underWay.enter(call.request.tenantId);
      if (refused !== undefined) return callback(refused.toServiceError());
      const { tenantId } = call.request;
      const by = takes ? askerOf(call, operation) : undefined;
      const trace = tracing ? traceOf(call.metadata) : undefined;
      const deadline = unaryDeadline(Number(call.getDeadline()), clock, limits);
      commands.begin(
        { $case: name, value: call.request } as PublicCommand,
        deadline,
        { trace, by },
        {
          answered: (reply) => {
            underWay.leave(tenantId);
            if (reply instanceof Refused) callback(reply.toServiceError());
            else callback(null, reply.encode());
          },
          failed: (error) => {
            underWay.leave(tenantId);
            onDefect(error);
            callback(defect().toServiceError());
          },
        },
      );
    };
  }

  return {
    definition: definition(limits.maxRequestBytes),
    implementation: {
      park: command('park'),
      reserve: command('reserve'),
      completeReservation: command('completeReservation'),
      retrieve: command('retrieve'),
      beginRetrieve: command('beginRetrieve'),
      confirmRetrieve: command('confirmRetrieve'),
      giveBackRetrieve: command('giveBackRetrieve'),
      claimPickup: command('claimPickup'),
      parkOrRetrieve: command('parkOrRetrieve'),
      release: command('release'),
      movePark: command('movePark'),
      extendPark: command('extendPark'),
      renewPolicy: command('renewPolicy'),
      getSlot: command('getSlot'),
      getPark: handler('getPark', deps.getPark),
      listSlots: handler('listSlots', deps.listSlots),
      listParkHistory: handler('listParkHistory', deps.listParkHistory),
      watchSlots: (call: WatchCall) => void deps.watchSlots(call).catch(onDefect),
      commands: (call: CommandsCall) => deps.streams.open(call),
    },
  };
}

/** The service with bounded requests, and with answers that are encoded already. */
function definition(maxRequestBytes: number): MountedService['definition'] {
  const encoded = Object.entries(ParkServiceService).map(([name, method]) => {
    const serialize = method.responseSerialize as (message: unknown) => Buffer;
    const responseSerialize = (message: unknown): Buffer =>
      message instanceof Uint8Array
        ? Buffer.from(message.buffer, message.byteOffset, message.byteLength)
        : serialize(message);
    return [name, { ...method, responseSerialize }] as const;
  });
  const all = Object.fromEntries(encoded) as unknown as typeof ParkServiceService;
  return { ...sized(all, maxRequestBytes), ...sized({ commands: all.commands }, maxRequestBytes, commandsIn) };
}

function commandsIn(request: unknown): number {
  return Math.max(1, (request as CommandsRequest).batch.length);
}
