import { randomUUID } from 'node:crypto';
import type { RealSwitch } from '@parkade/real-switch';
import type { CallLeg } from './legs.js';
import type { News } from './news.js';
import type { Way } from './ways.js';

/** Tells of conversations and of calls that are over. */
export function tellOfCalls(one: RealSwitch, news: News): void {
  one.onEvent((event) => {
    if (event.name === 'CHANNEL_HANGUP') return news.tell(`over ${event.channelUuid ?? ''}`);
    if (event.name !== 'CHANNEL_BRIDGE') return;
    for (const leg of [event.channelUuid, event.get('Other-Leg-Unique-ID')]) news.tell(`talking ${leg ?? ''}`);
  });
}

/**
 * `pairs` times: a caller is called and parked, a retriever is called and fetches him, they talk, both hang up; `inFlight` at a
 * time. Answers pairs a second. Rejects when any step of any pair fails: a rate counts only when it is clean.
 */
export async function pairsASecond(
  one: RealSwitch,
  way: Way,
  news: News,
  call: CallLeg,
  { pairs, inFlight }: { readonly pairs: number; readonly inFlight: number },
): Promise<number> {
  const startMs = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < pairs; n = next++) await pair(one, way, news, call, way.slot(n));
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return (pairs * 1_000) / (performance.now() - startMs);
}

async function pair(one: RealSwitch, way: Way, news: News, call: CallLeg, slot: string): Promise<void> {
  const [caller, retriever] = [randomUUID(), randomUUID()];
  await call(caller, '&park()', true);
  const parked = news.wait(way.parked(caller, slot));
  await way.park(caller, slot);
  await parked;
  const talking = Promise.all([caller, retriever].map((leg) => news.wait(`talking ${leg}`)));
  await call(retriever, way.fetch(slot), false);
  await way.join?.(caller, retriever);
  await talking;
  const over = Promise.all([caller, retriever].map((leg) => news.wait(`over ${leg}`)));
  await one.api('uuid_kill', retriever);
  await over;
}
