import type { sendUnaryData, ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  ConnectOutcome,
  LegNews,
  LegState,
  MediaNodeServiceService,
  type RingLegRequest,
  type WatchLegsResponse,
} from '@parkade/proto';
import type { Running } from './messages.js';
import { serve } from './run-echo.js';

/** How long a phone rings before it is picked up. */
const PICKED_UP_AFTER_MS = 1_000;

/** A ring that was asked for. */
export interface Rung {
  readonly parkId: string;
  /** Names park, attempt, member and contact: a second ring of the same leg is one too many. */
  readonly legId: string;
  /** When the request was here, decoded; wall ms. */
  readonly atMs: number;
}

/** The owner of a media node, whose phones ring and are picked up without a switch in between. */
export async function runPhones(): Promise<Running> {
  const rungs: Rung[] = [];
  const watchers = new Set<ServerWritableStream<unknown, WatchLegsResponse>>();
  const answer =
    (message: object) =>
    (_call: unknown, done: sendUnaryData<object>): void =>
      done(null, message);
  const handlers: UntypedServiceImplementation = Object.fromEntries(
    Object.keys(MediaNodeServiceService).map((name) => [name, answer({})]),
  );
  const port = await serve(MediaNodeServiceService, {
    ...handlers,
    ringLeg: ({ request: { leg } }: ServerUnaryCall<RingLegRequest, object>, done: sendUnaryData<object>) => {
      const { legId = '', parkId = '' } = leg ?? {};
      rungs.push({ parkId, legId, atMs: Date.now() });
      setTimeout(() => {
        for (const watcher of watchers) watcher.write({ legId, news: LegNews.ANSWERED });
      }, PICKED_UP_AFTER_MS);
      done(null, {});
    },
    getLeg: answer({ state: LegState.RINGING }),
    connectLeg: answer({ outcome: ConnectOutcome.CONNECTED }),
    watchLegs: (call: ServerWritableStream<unknown, WatchLegsResponse>) => {
      watchers.add(call);
      call.on('error', () => undefined);
      call.once('close', () => watchers.delete(call));
      call.write({ legId: '', news: LegNews.UNSPECIFIED });
    },
  });
  return { address: `127.0.0.1:${port}`, answers: { rungs: () => Promise.resolve(rungs) } };
}
