import type { Socket } from 'node:net';
import type { EslCommand } from '../encode.js';
import { CommandReader } from './command-reader.js';
import type { Transcript } from './transcripts.js';

/** The commands of a recording, in order. */
export function recordedCommands({ c2s }: Transcript): EslCommand[] {
  return new CommandReader().push(c2s);
}

/**
 * Plays FreeSWITCH's side of a recording on `socket`: every byte as recorded, and after each pause in which the recorded
 * application sent commands it waits until as many have come here. Resolves when the recording, or the socket, has ended.
 */
export async function replaySwitch(socket: Socket, transcript: Transcript): Promise<EslCommand[]> {
  const received: EslCommand[] = [];
  const reader = new CommandReader();
  let wake: () => void = () => undefined;
  socket.on('error', () => undefined);
  socket.on('close', () => wake());
  socket.on('data', (chunk) => {
    received.push(...reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
    wake();
  });
  const recorded = new CommandReader();
  let due = 0;
  for (const step of transcript.steps) {
    if ('end' in step) {
      if (step.side === 'switch') socket.end();
    } else if (step.side === 'application') {
      due += recorded.push(step.bytes).length;
      while (received.length < due && !socket.destroyed) await new Promise<void>((resolve) => (wake = resolve));
    } else {
      socket.write(step.bytes);
    }
  }
  socket.end();
  return received;
}
