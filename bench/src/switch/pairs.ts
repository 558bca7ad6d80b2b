import { setTimeout as delay } from 'node:timers/promises';
import type { RealSwitch } from '@parkade/real-switch';

/** Pairs that are under way at a time. */
const IN_FLIGHT = 8;
const LIMIT_MS = 20_000;

/** One way to park a call and to fetch it. */
export interface Way {
  /** Sends the caller's leg to a slot. */
  park(leg: string, slot: string): Promise<unknown>;
  /** Whether the call of a slot is parked. */
  isParked(slot: string): boolean;
  /** Sends the retriever's leg to a slot. */
  fetch(leg: string, slot: string): Promise<unknown>;
}

/** Parks and fetches every pair of legs; answers pairs a second, from the first transfer to the last conversation. */
export async function pairsASecond(
  one: RealSwitch,
  way: Way,
  callers: readonly string[],
  retrievers: readonly string[],
  slotOf: (pair: number) => string,
): Promise<number> {
  const talking = new Set<string>();
  const unlisten = one.onEvent((event) => {
    if (event.name !== 'CHANNEL_BRIDGE') return;
    for (const leg of [event.channelUuid, event.get('Other-Leg-Unique-ID')]) if (leg !== undefined) talking.add(leg);
  });
  const startMs = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let pair = next++; pair < callers.length; pair = next++) {
      const [caller = '', retriever = '', slot] = [callers[pair], retrievers[pair], slotOf(pair)];
      await way.park(caller, slot);
      await until(`parked in ${slot}`, () => way.isParked(slot));
      await way.fetch(retriever, slot);
      await until(`fetched from ${slot}`, () => talking.has(caller) && talking.has(retriever));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work)).finally(unlisten);
  return (callers.length * 1_000) / (performance.now() - startMs);
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not ${what} in time`);
    await delay(1);
  }
}
