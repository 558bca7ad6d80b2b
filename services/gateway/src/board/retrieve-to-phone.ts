import type { BoardCommand } from '@parkade/board';
import { type Actor, Consistency, MediaControl } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { plain, type Problem } from '../http/problem.js';
import type { Rung } from '../ports.js';
import type { BoardDeps } from './board-deps.js';

/** What people are told of a phone that has not got the call, and the HTTP status of it. */
const TOLD: Readonly<Record<Exclude<Rung, 'connected'>, readonly [number, (extension: string) => string]>> = {
  busy: [409, (extension) => `${extension} is busy. The call is still parked.`],
  'no-answer': [409, (extension) => `Nobody has answered at ${extension}. The call is still parked.`],
  unregistered: [409, (extension) => `${extension} has no phone now. The call is still parked.`],
  failed: [409, (extension) => `${extension} could not be connected. The call is still parked.`],
  gone: [409, () => 'The call is not parked any more.'],
  'in-use': [409, () => 'Somebody else is taking this call.'],
  unreachable: [503, () => 'Nobody controls the media node of this call now. Try again in a moment.'],
  unknown: [504, () => 'Whether you have the call is not known yet. It shows on the board.'],
};

/**
 * Rings an extension for a call that Parkade connects itself, and joins the two when it answers. Undefined: whoever parked this
 * call connects it, and is told by the command alone. `by`: who asks, for the audit.
 */
export async function retrieveToPhone(
  { tenantId, parkId, extension }: Extract<BoardCommand, { readonly do: 'retrieve' }>,
  by: Actor | undefined,
  { getPark, phones }: Pick<BoardDeps, 'getPark' | 'phones'>,
): Promise<{ readonly problem: Problem } | { readonly done: true } | Refused | undefined> {
  const named = { $case: 'parkId', value: parkId } as const;
  const found = await getPark({ tenantId, by: named, consistency: Consistency.FENCED });
  if (found instanceof Refused) return found;
  const { park } = found;
  if (park?.mediaControl !== MediaControl.CLUSTER) return undefined;
  const mediaNode = park.call?.mediaNode ?? '';
  const rung = (await phones?.fetch({ tenantId, parkId, mediaNode, extension, by })) ?? 'unreachable';
  if (rung === 'connected') return { done: true };
  const [status, say] = TOLD[rung];
  return { problem: plain(status, say(extension)) };
}
