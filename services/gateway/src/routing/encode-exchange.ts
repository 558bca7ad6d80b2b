import { Command } from '@parkade/proto';
import { BinaryWriter } from '@parkade/proto/wire';
import { oneOfTags } from './one-of-tags.js';
import type { Order } from './order.js';

type Op = NonNullable<Command['op']>;

/** The operations that come from clients: their requests were encoded for their fingerprint. */
const FORWARDED = [
  'park',
  'retrieve',
  'beginRetrieve',
  'confirmRetrieve',
  'giveBackRetrieve',
  'claimPickup',
  'parkOrRetrieve',
  'release',
  'extendPark',
  'renewPolicy',
  'reserve',
  'completeReservation',
  'getSlot',
] as const satisfies readonly Op['$case'][];

const { tagOf } = oneOfTags<string>(FORWARDED, ($case) =>
  Command.encode(Command.fromPartial({ op: { $case, value: {} } as Op })),
);

/** An order on its way. */
export interface Outgoing {
  readonly order: Order;
  readonly correlationId: number;
  /** Monotonic ms. */
  readonly deadline: number;
}

/** An encoded `ExchangeRequest`. No request is encoded twice: 2.5 µs of the 41 a command took a gateway. */
export function encodeExchange(batch: readonly Outgoing[], nowMs: number): Buffer {
  const writer = new BinaryWriter();
  for (const { order, correlationId, deadline } of batch) {
    const { shard, settingsRevision, fingerprint, part, lotId, trace = '', by, reserved, op } = order;
    const tag = op?.bytes === undefined ? undefined : tagOf.get(op.$case);
    const timeoutMs = Math.max(1, Math.floor(deadline - nowMs));
    const written = tag === undefined ? op : undefined;
    // ExchangeRequest.commands
    writer.uint32(10).fork();
    // A field that is not named here is not sent, so each must be.
    Command.encode(
      {
        correlationId,
        shard,
        timeoutMs,
        settingsRevision,
        fingerprint,
        part,
        lotId,
        trace,
        by,
        reserved,
        op: written,
      } satisfies Record<keyof Command, unknown>,
      writer,
    );
    if (tag !== undefined && op?.bytes !== undefined) writer.uint32(tag).bytes(op.bytes);
    writer.join();
  }
  return writer.finish();
}
