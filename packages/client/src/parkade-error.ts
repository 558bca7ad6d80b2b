import { status } from '@grpc/grpc-js';
import { Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';

/** Why a request was not done, or is not known to be done. */
export class ParkadeError extends Error {
  constructor(
    /** `SLOT_OCCUPIED`, `SLOT_EMPTY`, …: every reason stands in `parkade/park/v1/reason.proto`; undefined: it came from elsewhere. */
    readonly reason: string | undefined,
    /** The gRPC code's name, such as `FAILED_PRECONDITION`. */
    readonly code: string,
    message: string,
    /** Data of the reason, such as `slot` and `since_ms` of `SLOT_OCCUPIED`. */
    readonly metadata: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ParkadeError';
  }

  /** Of anything a gRPC call was rejected with. */
  static of(error: unknown): ParkadeError {
    if (error instanceof ParkadeError) return error;
    const { code, reason, message, metadata } = callFailure(error);
    return new ParkadeError(reason === undefined ? undefined : Reason[reason], status[code], message, metadata, {
      cause: error,
    });
  }

  /** Whether asking again, under the same request id, may be answered otherwise: nothing was refused for good. */
  get again(): boolean {
    return AGAIN.has(this.code) && !FOR_GOOD.has(this.reason ?? '');
  }
}

/** Nobody answered, or who did is overloaded. */
const AGAIN: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);

/** RESOURCE_EXHAUSTED that says how the tenant's slots are, and not how busy a server is. */
const FOR_GOOD: ReadonlySet<string> = new Set([
  'LOT_FULL',
  'MAX_SLOT_EXCEEDED',
  'GROUP_FULL',
  'TOO_LARGE',
  'QUOTA_EXCEEDED',
]);
