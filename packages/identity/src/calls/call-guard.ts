import { checkServerIdentity } from 'node:tls';
import type {
  MethodDefinition,
  sendUnaryData,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import { type CommandsRequest, Reason } from '@parkade/proto';
import { type CallContext, headerOf, type LotOf, Malformed, Refused, type Security } from '@parkade/rpc';
import { allow } from '../allow.js';
import { type Authenticator, bearerToken, unauthenticated } from '../authenticator.js';
import { OPEN_PRINCIPAL, type Principal, SERVICE_PRINCIPAL } from '../principal.js';
import { permit } from './permit.js';
import { commandNeeds, RPC_RIGHTS, type RpcRights } from './rpc-rights.js';

type AnyCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;
type Handler = (call: AnyCall, callback?: sendUnaryData<unknown>) => void;

/** A call, or what its handler is told of it. */
type AskedCall = Pick<AnyCall, 'metadata'> | Pick<CallContext, 'served'>;

/** Whether one command of a stream may be done; undefined: yes. */
export type Permit = (message: Pick<CommandsRequest, 'command'>) => Refused | undefined | Promise<Refused | undefined>;

interface Caller {
  readonly principal: Principal;
  readonly permit: Permit;
}

/** Where a call that was let in has its caller. A `WeakMap` of calls would let none of its values die young. */
const CALLER = Symbol('caller');

interface Guarded {
  [CALLER]?: Caller;
}

const EVERYTHING: Caller = { principal: OPEN_PRINCIPAL, permit: () => undefined };

/** Who makes a call that was let in; everybody, where no guard stands before its service. */
export function callerOf(call: AskedCall): Principal {
  return known(call).principal;
}

/** For a stream whose messages are asked about one by one (`each-message`). */
export function permitOf(call: AskedCall): Permit {
  return known(call).permit;
}

function known(call: AskedCall): Caller {
  const guarded: Guarded = 'served' in call ? call.served : call;
  return guarded[CALLER] ?? EVERYTHING;
}

/**
 * Puts authentication and rights before every RPC of a service.
 *
 *   G1. A handler is entered only by a caller that was recognised and has the rights of `RPC_RIGHTS`; there is no RPC without a row.
 *   G2. A token that was seen before costs one digest and one look-up, and no turn of the event loop.
 *   G3. A stream ends with UNAUTHENTICATED when its token expires.
 *   G4. Processes of the cluster are known by a certificate that names `peerName`, or by the secret of the cluster.
 */
export function callGuard(
  authenticator: Authenticator,
  { clock, peerName }: { readonly clock: Clock; readonly peerName?: string | undefined },
): Security['guard'] {
  return ({ definition, implementation }, lotOf) => {
    const guarded = Object.entries(definition).map(([name, method]) => {
      const rights = RPC_RIGHTS[method.path];
      if (rights === undefined) throw new Error(`no rights are declared for ${method.path}`);
      const handler = implementation[name] as Handler;
      return [name, guardedCall(method, rights, handler, lotOf)] as const;
    });
    return { definition, implementation: Object.fromEntries(guarded) };
  };

  function guardedCall(
    method: MethodDefinition<unknown, unknown>,
    rights: RpcRights,
    handler: Handler,
    lotOf: LotOf | undefined,
  ): Handler {
    return (call, callback) => {
      const refuse = (refused: Refused): void => {
        if (callback !== undefined) return callback(refused.toServiceError());
        call.on('error', () => undefined);
        call.emit('error', refused.toServiceError());
      };
      const enter = (principal: Principal): void => {
        (call as Guarded)[CALLER] = { principal, permit: permitFor(principal, lotOf) };
        if (method.responseStream) endOnExpiry(call as ServerWritableStream<unknown, unknown>, principal, refuse);
        handler(call, callback);
      };
      const decide = (who: Principal | Refused): void | Promise<void> => {
        if (who instanceof Refused) return refuse(who);
        const refused = whether(who, rights, call, lotOf);
        if (refused instanceof Promise) return refused.then((late) => (late === undefined ? enter(who) : refuse(late)));
        return refused === undefined ? enter(who) : refuse(refused);
      };
      const who = recognise(call);
      if (who instanceof Promise) void who.then(decide);
      else void decide(who);
    };
  }

  function recognise(call: AnyCall): Principal | Refused | Promise<Principal | Refused> {
    const authorization = headerOf(call, 'authorization');
    if (authorization !== undefined) return authenticator.authenticate(bearerToken(authorization));
    if (peerName !== undefined) {
      const certificate = call.getAuthContext().sslPeerCertificate;
      if (certificate !== undefined && checkServerIdentity(peerName, certificate) === undefined)
        return SERVICE_PRINCIPAL;
    }
    return authenticator.authenticate(undefined);
  }

  /** G3. */
  function endOnExpiry(
    call: ServerWritableStream<unknown, unknown>,
    { expiresAtMs }: Principal,
    refuse: (refused: Refused) => void,
  ): void {
    if (expiresAtMs === Number.POSITIVE_INFINITY) return;
    const timer = clock.setTimer(Math.max(0, expiresAtMs - clock.nowMs()), () =>
      refuse(unauthenticated('The token has expired: open the stream again with a new one.')),
    );
    for (const event of ['cancelled', 'error', 'finish', 'close']) call.once(event, () => timer.cancel());
  }
}

function permitFor(principal: Principal, lotOf: LotOf | undefined): Permit {
  if (principal.operator) return EVERYTHING.permit;
  return (message) => permit(principal, commandNeeds(message), lotOf);
}

function whether(
  principal: Principal,
  rights: RpcRights,
  call: AnyCall | ServerDuplexStream<unknown, unknown>,
  lotOf: LotOf | undefined,
): Refused | undefined | Promise<Refused | undefined> {
  switch (rights.who) {
    case 'each-message':
      return undefined;
    case 'services':
      if (principal.kind !== 'token') return undefined;
      return new Refused(Reason.PERMISSION_DENIED, 'Only processes of this cluster are served here.', {
        action: 'service',
      });
    case 'operators':
      return allow(principal, 'operator', '');
    case 'holders': {
      const request: unknown = 'request' in call ? call.request : undefined;
      // What does not decode names nothing; its handler says so.
      if (principal.operator || request instanceof Malformed) return undefined;
      return permit(principal, rights.needs(request as never), lotOf);
    }
  }
}
