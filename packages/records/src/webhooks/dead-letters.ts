import type { Bus } from '@parkade/bus';
import { encodeMessage, type EventMessage } from '@parkade/presence';
import type { Refused } from '@parkade/rpc';
import { jsonOf, type RecordPage, recordPage } from '../pages.js';
import { deadLetterPattern, deadLetterSubject, type EndpointName } from '../subjects.js';
import { enqueue } from './queue.js';

/** Of one endpoint so many are kept, the newest. */
export const MAX_DEAD_LETTERS = 1_000;

/** An event that an endpoint did not take. */
export interface DeadLetter {
  /** Which of the endpoint's it is, from 0: the n-th takes the place of the one a thousand before it. */
  readonly n: number;
  readonly event: EventMessage;
  /** When it was given up, wall ms. */
  readonly at_ms: number;
  readonly attempts: number;
  /** What the last attempt came to. */
  readonly error: string;
  /** Whether it was put in the queue again. */
  readonly replayed: boolean;
}

/** Keeps a dead letter; of the same place the later stays. */
export async function putDeadLetter(bus: Bus, name: EndpointName, letter: DeadLetter): Promise<void> {
  const version = letter.at_ms * 2 + (letter.replayed ? 1 : 0);
  await bus.publishLast(deadLetterSubject(name, letter.n % MAX_DEAD_LETTERS), encodeMessage(letter), { version });
}

/** Those that were not replayed, the oldest first. */
export function listDeadLetters(
  bus: Bus,
  name: EndpointName,
  page: { readonly pageSize: number; readonly pageToken: string },
): Promise<RecordPage<DeadLetter> | Refused> {
  return recordPage(bus, { pattern: deadLetterPattern(name), sinceMs: 0, ...page }, (payload) => {
    const letter = jsonOf(payload) as DeadLetter | undefined;
    return letter?.replayed === false ? letter : undefined;
  });
}

/** Puts a dead letter's event in its endpoint's queue again, behind all that waits there; done twice it may come twice. */
export async function replay(bus: Bus, name: EndpointName, letter: DeadLetter): Promise<void> {
  await enqueue(bus, name, `replay/${letter.n}/${letter.at_ms}`, [letter.event]);
  await putDeadLetter(bus, name, { ...letter, replayed: true });
}
