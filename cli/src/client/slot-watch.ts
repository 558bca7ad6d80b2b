import type { ClientReadableStream } from '@grpc/grpc-js';
import { type ParkServiceClient, type Slot, WatchSlotsRequest, type WatchSlotsResponse } from '@parkade/proto';

export interface WatchHandlers {
  /** Everything heard before is void: a snapshot follows. */
  reset(cause: string): void;
  /** A slot as it is now; `changed`: it was not in the snapshot. */
  slot(slot: Slot, changed: boolean): void;
  /** The snapshot is complete. Called once for each snapshot, and again now and then. */
  synced?(): void;
}

/** One stream of changes. Rejects with the `ServiceError` that ended it; resolves when `signal` is aborted. */
export function watchSlots(
  client: ParkServiceClient,
  request: { readonly tenantId: string; readonly lotId: string },
  handlers: WatchHandlers,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream: ClientReadableStream<WatchSlotsResponse> = client.watchSlots(WatchSlotsRequest.fromPartial(request));
    let synced = false;
    stream.on('data', ({ event }: WatchSlotsResponse) => {
      switch (event?.$case) {
        case 'reset':
          synced = false;
          handlers.reset(event.value.cause);
          break;
        case 'slot':
          handlers.slot(event.value, synced);
          break;
        case 'synced':
          synced = true;
          handlers.synced?.();
          break;
        case undefined:
          break;
      }
    });
    stream.once('end', resolve);
    stream.on('error', (error: unknown) => {
      if (signal.aborted) resolve();
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
    if (signal.aborted) stream.cancel();
    signal.addEventListener('abort', () => stream.cancel(), { once: true });
  });
}
