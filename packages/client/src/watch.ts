import type { ClientReadableStream } from '@grpc/grpc-js';
import { WatchSlotsRequest, type WatchSlotsResponse } from '@parkade/proto';
import type { Gateways } from './gateways.js';
import { ParkadeError } from './parkade-error.js';
import type { SlotChange } from './parks.js';
import { slotView } from './views.js';

/**
 * A watch that outlives its gateway.
 *
 *   W1. It goes on from the token of the last message it gave out, so nothing is missed and nothing needs to be heard twice;
 *       where that cannot be, a reset says so.
 *   W2. It reads no faster than its reader does.
 *   W3. It ends for good only where another attempt would be refused as well. A token that was good and has expired is no such end: the
 *       next attempt asks for another one.
 */
export async function* watchSlots(
  gateways: Gateways,
  scope: { readonly tenantId: string; readonly lotId: string },
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<SlotChange> {
  let resumeToken = '';
  let failures = 0;
  const over = (): boolean => signal.aborted;
  while (!over()) {
    const request = WatchSlotsRequest.fromPartial({ ...scope, resumeToken });
    const { client } = gateways;
    let stream: ClientReadableStream<WatchSlotsResponse> | undefined;
    const cancel = (): void => stream?.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    let letIn = false;
    try {
      const metadata = await gateways.metadata();
      if (over()) return;
      stream = client.watchSlots(request, metadata);
      for await (const response of stream as AsyncIterable<WatchSlotsResponse>) {
        failures = 0;
        letIn = true;
        const change = changeOf(response);
        if (change !== undefined) yield change;
        if (response.resumeToken !== '') ({ resumeToken } = response);
      }
    } catch (error) {
      if (over()) return;
      const failure = ParkadeError.of(error);
      // A token of another cluster's life is of no use any more.
      if (failure.reason === 'TOKEN_INVALID') resumeToken = '';
      else if (!failure.again && failure.code !== 'CANCELLED' && !(letIn && failure.reason === 'UNAUTHENTICATED'))
        throw failure;
    } finally {
      signal.removeEventListener('abort', cancel);
      // Also when whoever reads has left the loop.
      cancel();
    }
    if (client === gateways.client) gateways.next();
    await gateways.pause(failures++, signal);
  }
}

function changeOf({ event }: WatchSlotsResponse): SlotChange | undefined {
  switch (event?.$case) {
    case 'reset':
      return { kind: 'reset' };
    case 'slot':
      return { kind: 'slot', slot: slotView(event.value) };
    case 'synced':
      return { kind: 'synced' };
    case undefined:
      return undefined;
  }
}
