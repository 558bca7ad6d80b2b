import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Any, ErrorInfo, Reason, type Refusal, RetryInfo, Status } from '@parkade/proto';

/** `ErrorInfo.domain` of every error of this product. */
export const ERROR_DOMAIN = 'parkade';

const DETAILS_KEY = 'grpc-status-details-bin';

/** The canonical code of each reason, as documented beside it in `reason.proto`. The one place that maps them. */
const CODES: Readonly<Record<Reason, status>> = {
  [Reason.UNSPECIFIED]: status.UNKNOWN,
  [Reason.INVALID_FIELD]: status.INVALID_ARGUMENT,
  [Reason.MALFORMED_MESSAGE]: status.INVALID_ARGUMENT,
  [Reason.REQUEST_ID_INVALID]: status.INVALID_ARGUMENT,
  [Reason.REQUEST_ID_REUSED]: status.INVALID_ARGUMENT,
  [Reason.REQUEST_TOO_OLD]: status.FAILED_PRECONDITION,
  [Reason.TENANT_NOT_FOUND]: status.NOT_FOUND,
  [Reason.LOT_NOT_FOUND]: status.NOT_FOUND,
  [Reason.GROUP_NOT_FOUND]: status.NOT_FOUND,
  [Reason.SLOT_NOT_FOUND]: status.NOT_FOUND,
  [Reason.SLOT_OCCUPIED]: status.FAILED_PRECONDITION,
  [Reason.SLOT_EMPTY]: status.NOT_FOUND,
  [Reason.SLOT_RETRIEVING]: status.FAILED_PRECONDITION,
  [Reason.SLOT_RESERVED]: status.FAILED_PRECONDITION,
  [Reason.LOT_FULL]: status.RESOURCE_EXHAUSTED,
  [Reason.MAX_SLOT_EXCEEDED]: status.RESOURCE_EXHAUSTED,
  [Reason.GROUP_FULL]: status.RESOURCE_EXHAUSTED,
  [Reason.PARK_NOT_FOUND]: status.NOT_FOUND,
  [Reason.PARK_ENDED]: status.FAILED_PRECONDITION,
  [Reason.CALL_ALREADY_PARKED]: status.FAILED_PRECONDITION,
  [Reason.RETRIEVE_EXPIRED]: status.FAILED_PRECONDITION,
  [Reason.MEDIA_NODE_UNKNOWN]: status.FAILED_PRECONDITION,
  [Reason.WRONG_STATE]: status.FAILED_PRECONDITION,
  [Reason.WRONG_CALL]: status.FAILED_PRECONDITION,
  [Reason.WRONG_ATTEMPT]: status.FAILED_PRECONDITION,
  [Reason.NO_OWNER]: status.UNAVAILABLE,
  [Reason.STORE_UNAVAILABLE]: status.UNAVAILABLE,
  [Reason.OVERLOADED]: status.RESOURCE_EXHAUSTED,
  [Reason.DRAINING]: status.UNAVAILABLE,
  [Reason.TOKEN_INVALID]: status.OUT_OF_RANGE,
  [Reason.DISABLED]: status.FAILED_PRECONDITION,
  [Reason.TOO_LARGE]: status.INVALID_ARGUMENT,
  [Reason.INTERNAL]: status.INTERNAL,
  [Reason.DEADLINE]: status.DEADLINE_EXCEEDED,
  [Reason.FLOW_NOT_FOUND]: status.NOT_FOUND,
  [Reason.NAME_TAKEN]: status.ALREADY_EXISTS,
  [Reason.USER_NOT_FOUND]: status.NOT_FOUND,
  [Reason.MEMBER_NOT_FOUND]: status.NOT_FOUND,
  [Reason.RING_GROUP_NOT_FOUND]: status.NOT_FOUND,
  [Reason.MEMBER_ELSEWHERE]: status.FAILED_PRECONDITION,
  [Reason.IN_USE]: status.FAILED_PRECONDITION,
  [Reason.TOO_MANY]: status.RESOURCE_EXHAUSTED,
  [Reason.PROMPT_FILE_NOT_FOUND]: status.NOT_FOUND,
  [Reason.PICKUP_REFUSED]: status.FAILED_PRECONDITION,
  [Reason.PICKUP_CLAIMED]: status.FAILED_PRECONDITION,
  [Reason.WEBHOOK_NOT_FOUND]: status.NOT_FOUND,
  [Reason.QUOTA_EXCEEDED]: status.RESOURCE_EXHAUSTED,
  [Reason.RATE_EXCEEDED]: status.RESOURCE_EXHAUSTED,
  [Reason.STORE_FULL]: status.UNAVAILABLE,
  [Reason.UNAUTHENTICATED]: status.UNAUTHENTICATED,
  [Reason.PERMISSION_DENIED]: status.PERMISSION_DENIED,
  [Reason.REVISION_CONFLICT]: status.FAILED_PRECONDITION,
};

/** Reasons after which the same request may simply be sent again, and after how long at the earliest. */
const RETRY_DELAY_MS: Partial<Readonly<Record<Reason, number>>> = {
  [Reason.NO_OWNER]: 100,
  [Reason.STORE_UNAVAILABLE]: 200,
  [Reason.OVERLOADED]: 250,
  [Reason.DRAINING]: 50,
  [Reason.QUOTA_EXCEEDED]: 5_000,
  [Reason.RATE_EXCEEDED]: 1_000,
  [Reason.STORE_FULL]: 5_000,
};

/**
 * An expected outcome that is not success. A value, returned and not thrown inside a service; at its border it becomes a gRPC
 * status with `google.rpc.ErrorInfo`.
 */
export class Refused {
  constructor(
    readonly reason: Reason,
    /** A sentence for people: what is wrong, and what to do. */
    readonly message: string,
    readonly metadata: Readonly<Record<string, string>> = {},
  ) {}

  static from(refusal: { reason: Reason; message: string; metadata: Readonly<Record<string, string>> }): Refused {
    return new Refused(refusal.reason, refusal.message, refusal.metadata);
  }

  /** The canonical gRPC code. */
  get code(): status {
    return CODES[this.reason];
  }

  /** `SLOT_OCCUPIED` and the like: what `ErrorInfo.reason` says. */
  get name(): string {
    return Reason[this.reason];
  }

  /** After how many ms the same request may be sent again at the earliest; undefined: that would change nothing. */
  get retryAfterMs(): number | undefined {
    const said = Number(this.metadata['retry_after_ms']);
    return Number.isSafeInteger(said) && said > 0 ? said : RETRY_DELAY_MS[this.reason];
  }

  toProto(): Refusal {
    return { reason: this.reason, message: this.message, metadata: { ...this.metadata } };
  }

  /** As grpc-js wants it: code, details and the `grpc-status-details-bin` trailer. */
  toServiceError(): Pick<ServiceError, 'code' | 'details' | 'metadata'> {
    const info = ErrorInfo.encode({ reason: this.name, domain: ERROR_DOMAIN, metadata: { ...this.metadata } }).finish();
    const details = [any('ErrorInfo', info)];
    const retryMs = this.retryAfterMs;
    if (retryMs !== undefined) {
      const retryDelay = { seconds: Math.floor(retryMs / 1_000), nanos: (retryMs % 1_000) * 1_000_000 };
      details.push(any('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
    }
    const metadata = new Metadata();
    metadata.set(DETAILS_KEY, Buffer.from(Status.encode({ code: this.code, message: this.message, details }).finish()));
    return { code: this.code, details: this.message, metadata };
  }
}

function any(type: string, bytes: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/google.rpc.${type}`, value: Buffer.from(bytes) };
}

/** What a client got instead of an answer. */
export interface CallFailure {
  readonly code: status;
  /** Undefined when the error did not come from this product (the network, a proxy). */
  readonly reason: Reason | undefined;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads what a rejected gRPC call says. Never throws. */
export function callFailure(error: unknown): CallFailure {
  const { code, details, metadata, message } = error as Partial<ServiceError>;
  const base = { code: code ?? status.UNKNOWN, message: details ?? message ?? String(error) };
  try {
    const raw = metadata?.get(DETAILS_KEY)[0];
    if (raw instanceof Buffer) {
      for (const any of Status.decode(raw).details) {
        if (!any.typeUrl.endsWith('/google.rpc.ErrorInfo')) continue;
        const info = ErrorInfo.decode(any.value);
        if (info.domain !== ERROR_DOMAIN) continue;
        const reason = (Reason as unknown as Record<string, Reason | undefined>)[info.reason];
        return { ...base, reason, metadata: info.metadata };
      }
    }
  } catch {
    // Details that do not decode say nothing; the code still does.
  }
  return { ...base, reason: undefined, metadata: {} };
}
