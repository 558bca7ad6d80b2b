import { setTimeout as delay } from 'node:timers/promises';
import { openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { EVENT_STREAM, type EventMessage, followEvents } from '@parkade/presence';

/** An event with the place of its batch in the stream. */
export interface StreamedEvent {
  readonly event: EventMessage;
  readonly sequence: number;
}

/**
 * Every event of a slot that the stream holds, in its order, each once: read until at least `count` are there and no
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
    const events: StreamedEvent[] = [];
    await followEvents(bus, { replay: 'all' }, (event, sequence) => {
      if (event.kind !== 'failed') events.push({ event, sequence });
    });
    const untilMs = Date.now() + timeoutMs;
    let [seen, sinceMs] = [0, Date.now()];
    while (Date.now() < untilMs && !(seen >= count && Date.now() - sinceMs >= quietMs)) {
      await delay(50);
      if (events.length !== seen) [seen, sinceMs] = [events.length, Date.now()];
    }
    return events;
  } finally {
    await bus.close();
  }
}
