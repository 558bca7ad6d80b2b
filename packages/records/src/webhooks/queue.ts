import type { Bus } from '@parkade/bus';
import { encodeMessage, type EventMessage } from '@parkade/presence';
import { jsonOf } from '../pages.js';
import { type EndpointName, queueSubject } from '../subjects.js';

/** Events in one message of a queue: of the longest one still a fraction of what a message may hold. */
const MAX_EVENTS = 200;

/** Puts events in an endpoint's queue, in their order; `from` names where they come from, so that the same ones are put once. */
export async function enqueue(
  bus: Bus,
  name: EndpointName,
  from: string,
  events: readonly EventMessage[],
): Promise<void> {
  const subject = queueSubject(name);
  for (let at = 0; at < events.length; at += MAX_EVENTS) {
    const payload = encodeMessage({ events: events.slice(at, at + MAX_EVENTS) });
    await bus.publish(subject, payload, { id: `${subject.slice(-120)}/${from}/${at}`.slice(-250) });
  }
}

/** The events of a message of a queue. */
export function queuedEvents(payload: Uint8Array): readonly EventMessage[] {
  return (jsonOf(payload) as { events: readonly EventMessage[] } | undefined)?.events ?? [];
}
