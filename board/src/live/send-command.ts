import type { BoardCommand, BoardProblem } from '../wire.js';
import { problemFrom } from './problem.js';

const ANSWER_WITHIN_MS = 10_000;
/** A phone may have to ring before. */
const RETRIEVED_WITHIN_MS = 60_000;

/** Has a command done; undefined: it was. Never rejects. */
export async function sendCommand(command: BoardCommand, token: string): Promise<BoardProblem | undefined> {
  try {
    const response = await fetch('api/command', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(command),
      signal: AbortSignal.timeout(command.do === 'retrieve' ? RETRIEVED_WITHIN_MS : ANSWER_WITHIN_MS),
    });
    return response.ok ? undefined : await problemFrom(response);
  } catch {
    return { status: 0, detail: 'The gateway did not answer. Whether it was done shows on the board.' };
  }
}
