import { type CallOptions, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Clock } from '@parkade/clock';
import { ParkServiceClient, Reason } from '@parkade/proto';
import { callFailure, CHANNEL_OPTIONS, NO_SECURITY, type PeerChannel } from '@parkade/rpc';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';

/** A unary RPC of a client, with its receiver. */
type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** A client of one gateway (`host:port`). It connects when first used. */
export function openParkClient(address: string, channel: PeerChannel = NO_SECURITY.peers): ParkServiceClient {
  return new ParkServiceClient(address, channel.credentials, { ...CHANNEL_OPTIONS, ...channel.options });
}

/** Calls once, waiting for a connection while there is time. Rejects with the `ServiceError`. */
export function callUnary<Request, Response>(
  rpc: Unary<Request, Response>,
  request: Request,
  timeoutMs: number,
  clock: Clock,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const deadline = clock.nowMs() + timeoutMs;
    rpc(request, new Metadata(), { deadline }, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

/** What a failed call means to whoever gave the command. */
export function commandFailure(
  error: unknown,
  address: string,
  { name: process, flag }: { readonly name: string; readonly flag: string } = { name: 'gateway', flag: 'gateway' },
): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const { code, reason, message, metadata } = callFailure(error);
  const codeName = status[code];
  if (reason !== undefined) {
    const again = code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED;
    const name = Reason[reason];
    const data = { code: codeName, reason: name, metadata };
    return new CommandFailure(again ? EXIT.unreachable : EXIT.refused, `${name}: ${message}`, data, { cause: error });
  }
  const data = { code: codeName };
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) {
    const cause = /Last error: (?:Error: )?(.*?) Resolution note/.exec(message)?.[1] ?? message;
    const words = `No ${process} answers at ${address} (${cause}). Start one with parkade up, or say where one is with --${flag}.`;
    return new CommandFailure(EXIT.unreachable, words, data, { cause: error });
  }
  if (code === status.UNIMPLEMENTED) {
    const words = `What answers at ${address} is no ${process}, or an older one (${message}). Say where one is with --${flag}.`;
    return new CommandFailure(EXIT.refused, words, data, { cause: error });
  }
  return new CommandFailure(EXIT.refused, `${codeName}: ${message}`, data, { cause: error });
}
