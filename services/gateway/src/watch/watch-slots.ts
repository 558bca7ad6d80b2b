import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import type { WatchSlotsRequest, WatchSlotsResponse } from '@parkade/proto';
import { draining, Malformed, Refused, type UnderWay } from '@parkade/rpc';
import { deadlineIn } from '../deadline.js';
import type { GatewayLimits } from '../config.js';
import type { Lots } from '../settings/lots.js';
import { connectionAged, type LongCalls } from '../stream/long-calls.js';
import type { TenantQuotas } from '../quotas/tenant-quotas.js';
import { READ_RULES } from '../validation/request-rules.js';
import { validate } from '../validation/validate.js';
import type { WatchHub } from './watch-hub.js';
import type { WatchSink } from './watcher.js';

/** The stream as a gateway writes it: messages that are encoded already. */
export type WatchCall = ServerWritableStream<WatchSlotsRequest, Uint8Array | WatchSlotsResponse>;

export interface WatchSlotsDeps {
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly lots: Lots;
  readonly hub: WatchHub;
  readonly underWay: UnderWay;
  readonly longCalls: LongCalls;
  readonly quotas: Pick<TenantQuotas, 'request'>;
}

/** Serves one WatchSlots call until the client leaves or the hub ends it. Never rejects. */
export async function watchSlots(call: WatchCall, deps: WatchSlotsDeps): Promise<void> {
  const { limits, clock, lots, hub, underWay, longCalls, quotas } = deps;
  const request: unknown = call.request;
  call.on('error', () => undefined);
  const refuse = (refused: Refused): void => void call.emit('error', refused.toServiceError());
  if (request instanceof Malformed) return refuse(request.refused());
  const { tenantId, lotId } = call.request;
  const invalid = validate(READ_RULES.watchSlots, call.request, clock.nowMs());
  if (invalid !== undefined) return refuse(invalid);
  const beyond = quotas.request(tenantId, 'watchSlots', call);
  if (beyond !== undefined) return refuse(beyond);
  const deadline = deadlineIn(undefined, clock, limits);
  const scope = await (lotId === '' ? lots.tenant(tenantId, deadline) : lots.lot(tenantId, lotId, deadline));
  if (scope instanceof Refused) return refuse(scope);
  if (call.cancelled) return;
  if (underWay.stopped) return refuse(draining());
  const end = hub.watch(call.request, sinkOf(call, refuse));
  if (end instanceof Refused) return refuse(end);
  const forget = longCalls.add(call, () => refuse(connectionAged()));
  for (const over of ['cancelled', 'error']) {
    call.on(over, () => {
      forget();
      end();
    });
  }
}

function sinkOf(call: WatchCall, refuse: (refused: Refused) => void): WatchSink {
  return {
    write: (message) => call.write(message),
    drained: (listener) => void call.once('drain', listener),
    end: refuse,
  };
}
