import type { BoardProblem } from '../wire.js';

/** The problem an answer tells of, also where it is none of the gateway's own. */
export async function problemFrom(response: Response): Promise<BoardProblem> {
  const fallback = { status: response.status, detail: `The gateway answered with ${response.status}.` };
  try {
    const body: unknown = await response.json();
    if (typeof body !== 'object' || body === null || !('detail' in body)) return fallback;
    return { ...fallback, ...(body as Partial<BoardProblem>) };
  } catch {
    return fallback;
  }
}
