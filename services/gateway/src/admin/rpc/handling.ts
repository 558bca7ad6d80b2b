import type { handleUnaryCall } from '@grpc/grpc-js';
import { isName, requestIdTimeMs } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import type { Admin, ChangeBy } from '@parkade/admin';
import { callerOf } from '@parkade/identity';
import { type CallContext, Refused, unary } from '@parkade/rpc';

/** What every request of AdminService names. */
export interface OfTenant {
  readonly tenantId: string;
  readonly requestId?: string;
}

/** What the RPCs of AdminService stand on. */
export interface AdminRpcDeps {
  readonly admin: Pick<Admin, 'asked'>;
  /** Undefined when the tenant exists (or was made), else why not. */
  readonly tenant: (tenantId: string) => undefined | Promise<undefined | Refused>;
  /** Runs a request's work unless there is too much to do, or the process is shutting down. */
  readonly run: <T>(work: () => Promise<T | Refused>) => Promise<T | Refused>;
  readonly onDefect: (error: unknown) => void;
}

/** Makes a handler of one RPC: `handle` hears only of requests in a tenant that is there. */
export type AdminRpc = <Request extends OfTenant, Response>(
  handle: (request: Request) => Promise<Response | Refused> | Response | Refused,
) => handleUnaryCall<Request, Response>;

/** How the RPCs in a tenant are handled. */
export function adminRpc({ admin, tenant, run, onDefect }: AdminRpcDeps): AdminRpc {
  return <Request extends OfTenant, Response>(
    handle: (request: Request) => Promise<Response | Refused> | Response | Refused,
  ) =>
    unary<Request, Response>(
      (request, call) =>
        run(async () => {
          const wrong = requestIdFault(request) ?? nameFault(request) ?? (await tenant(request.tenantId));
          return wrong ?? admin.asked(askedBy(call, request), () => handle(request));
        }),
      onDefect,
    );
}

/** How the RPCs about the cluster's tenants are handled: one that is named need not be there. */
export function clusterRpc({ admin, run, onDefect }: AdminRpcDeps) {
  return <Request extends object, Response>(
    handle: (request: Request) => Promise<Response | Refused> | Response | Refused,
  ): handleUnaryCall<Request, Response> =>
    unary<Request, Response>(
      (request, call) =>
        run(async () => requestIdFault(request) ?? (await admin.asked(askedBy(call, request), () => handle(request)))),
      onDefect,
    );
}

/** Makes a handler of one RPC about the cluster's tenants. */
export type ClusterRpc = ReturnType<typeof clusterRpc>;

/** What of a request names something; an empty field of the protos names nothing. */
export function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** Who asks, for the audit. */
function askedBy(call: CallContext, { requestId = '' }: { readonly requestId?: string }): ChangeBy {
  const operation = call.path.slice(call.path.lastIndexOf('.') + 1);
  return { principal: callerOf(call).subject, peer: call.peer, operation, requestId };
}

function requestIdFault(request: object & { readonly requestId?: string }): Refused | undefined {
  const { requestId = '' } = request;
  if (requestId === '' || requestIdTimeMs(requestId) !== undefined) return undefined;
  const message = 'The field request_id must be a UUIDv7 in lower case, or be left out.';
  return new Refused(Reason.REQUEST_ID_INVALID, message, { field: 'request_id' });
}

function nameFault({ tenantId }: OfTenant): Refused | undefined {
  if (isName(tenantId)) return undefined;
  const message = 'The field tenant_id must be 1 to 64 printable ASCII characters without blanks.';
  return new Refused(Reason.INVALID_FIELD, message, { field: 'tenant_id' });
}
