import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { Reason } from '@parkade/proto';
import { Malformed, Refused } from '@parkade/rpc';

/**
 * Stands for a request that is longer than a gateway takes. Up to the transport's own limit it is read and answered with a
 * typed refusal; beyond that the transport says RESOURCE_EXHAUSTED.
 */
export class TooLarge extends Malformed {
  constructor(
    readonly bytes: number,
    readonly limit: number,
    /** The request, where it decodes. */
    readonly request: unknown,
  ) {
    super(undefined);
  }

  override refused(): Refused {
    const message = `The request has ${this.bytes} bytes; at most ${this.limit} are taken. Send less text.`;
    return new Refused(Reason.TOO_LARGE, message, { bytes: String(this.bytes), limit: String(this.limit) });
  }
}

/** How many requests one message may hold; where nothing else is said, one. */
type CountOf = (request: unknown) => number;

/**
 * The definition with request decoders that answer `TooLarge` for more than `maxBytes` a request: for a message that holds many,
 * on average. What it says of one that is longer still, the rules of its fields say.
 */
export function sized<T extends ServiceDefinition>(definition: T, maxBytes: number, countOf: CountOf = () => 1): T {
  const entries = Object.entries(definition).map(([name, method]) => {
    const { requestDeserialize } = method as MethodDefinition<unknown, unknown>;
    const decode = (bytes: Buffer): unknown => {
      const request = requestDeserialize(bytes);
      if (bytes.length <= maxBytes) return request;
      const limit = maxBytes * countOf(request);
      return bytes.length > limit ? new TooLarge(bytes.length, limit, request) : request;
    };
    return [name, { ...method, requestDeserialize: decode }] as const;
  });
  return Object.fromEntries(entries) as unknown as T;
}
