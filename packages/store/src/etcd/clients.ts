import type { CallOptions, Client, ClientDuplexStream, Metadata, ServiceError } from '@grpc/grpc-js';
import type {
  IAuthenticateRequest,
  IAuthenticateResponse,
  ICompactionRequest,
  ICompactionResponse,
  ILeaseGrantRequest,
  ILeaseGrantResponse,
  ILeaseKeepAliveRequest,
  ILeaseKeepAliveResponse,
  ILeaseRevokeRequest,
  ILeaseRevokeResponse,
  IRangeRequest,
  IRangeResponse,
  IWatchRequest,
  IWatchResponse,
} from 'etcd3';
import type { Cancellable } from './direct-call.js';

/** One unary method of a raw gRPC client. */
export type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Response) => void,
) => Cancellable;

/** One stream method of a raw gRPC client. */
export type Duplex<Request, Response> = (
  metadata: Metadata,
  options: CallOptions,
) => ClientDuplexStream<Request, Response>;

/** The methods we use of etcd's services, as gRPC makes them from the `rpc.proto` that comes with etcd3. */
export interface EtcdClients {
  KV: Client & {
    range: Unary<IRangeRequest, IRangeResponse>;
    compact: Unary<ICompactionRequest, ICompactionResponse>;
  };
  Lease: Client & {
    leaseGrant: Unary<ILeaseGrantRequest, ILeaseGrantResponse>;
    leaseRevoke: Unary<ILeaseRevokeRequest, ILeaseRevokeResponse>;
    leaseKeepAlive: Duplex<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;
  };
  Watch: Client & { watch: Duplex<IWatchRequest, IWatchResponse> };
  Auth: Client & { authenticate: Unary<IAuthenticateRequest, IAuthenticateResponse> };
}
