import { createParser } from 'eventsource-parser';
import type { BoardEvents } from '../wire.js';

/** One event of the stream, with the token to go on from behind it. */
export type BoardEvent = {
  [Name in keyof BoardEvents]: { readonly name: Name; readonly data: BoardEvents[Name]; readonly id: string };
}[keyof BoardEvents];

/** Reads Server-Sent Events from a body until it ends. `onBytes` is told of anything that came, comments included. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: BoardEvent) => void,
  onBytes: () => void,
): Promise<void> {
  const parser = createParser({
    onEvent: ({ event = '', data, id = '' }) =>
      onEvent({ name: event, data: JSON.parse(data) as unknown, id } as BoardEvent),
  });
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes();
    parser.feed(decoder.decode(value, { stream: true }));
  }
}
