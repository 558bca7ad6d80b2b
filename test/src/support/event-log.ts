import { setTimeout as delay } from 'node:timers/promises';
import { type BusMessage, openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { ALL_EVENTS, EVENT_STREAM, type EventMessage } from '@parkade/presence';

/** An event with its place in the stream. */
export interface StreamedEvent {
  readonly event: EventMessage;
  readonly sequence: number;
}

/**
 * Everything the event stream holds, in its order, each stored message once: read until at least `count` are there and no
 * more came for `quietMs`, or the time is over.
 */
export async function readEvents(
  nats: string,
  count: number,
  { timeoutMs = 60_000, quietMs = 1_000 } = {},
): Promise<readonly StreamedEvent[]> {
  const bus = openBus(nats, { clock: new SystemClock(), random: new SystemRandom() });
  try {
    await bus.ensureStreams([EVENT_STREAM]);
    const messages = new Map<number, BusMessage>();
    await bus.subscribe(ALL_EVENTS, { replay: 'all' }, (message) => void messages.set(message.sequence, message));
    const untilMs = Date.now() + timeoutMs;
    let [seen, sinceMs] = [0, Date.now()];
    while (Date.now() < untilMs && !(seen >= count && Date.now() - sinceMs >= quietMs)) {
      await delay(50);
      if (messages.size !== seen) [seen, sinceMs] = [messages.size, Date.now()];
    }
    return [...messages.values()]
      .sort((a, b) => a.sequence - b.sequence)
      .map(({ payload, sequence }) => ({
        event: JSON.parse(Buffer.from(payload).toString()) as EventMessage,
        sequence,
      }));
  } finally {
    await bus.close();
  }
}
