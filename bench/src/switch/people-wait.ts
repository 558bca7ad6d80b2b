import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RealSwitch } from '@parkade/real-switch';
import { Latencies } from '../processes/latencies.js';
import type { CallLeg } from './legs.js';
import type { News } from './news.js';
import type { Way } from './ways.js';

/** What people wait for. */
export interface Waits {
  /** From the transfer until the caller hears music. */
  readonly park: Latencies;
  /** From the retriever's arrival at the code, answered, until the two talk. */
  readonly fetch: Latencies;
}

/** Tells of music, and of phones that have answered. */
export function tellOfMoments(one: RealSwitch, news: News): void {
  one.onEvent((event) => {
    const leg = event.channelUuid ?? '';
    if (event.name === 'PLAYBACK_START') news.tell(`music ${leg}`);
    if (event.name === 'CHANNEL_ANSWER') news.tell(`answered ${leg}`);
  });
}

/** Parks and fetches `pairs` calls, one pair begun every `1 / perSecond` seconds, whatever becomes of those before it. */
export async function waitsAt(
  one: RealSwitch,
  way: Way,
  news: News,
  call: CallLeg,
  { pairs, perSecond }: { readonly pairs: number; readonly perSecond: number },
): Promise<Waits> {
  const under: Promise<readonly [number, number]>[] = [];
  for (let n = 0; n < pairs; n++) {
    under.push(pair(one, way, news, call, way.slot(n)));
    await delay(1_000 / perSecond);
  }
  const done = await Promise.all(under);
  const waits = { park: new Latencies(), fetch: new Latencies() };
  for (const [park, fetch] of done) {
    waits.park.add(park);
    waits.fetch.add(fetch);
  }
  return waits;
}

async function pair(
  one: RealSwitch,
  way: Way,
  news: News,
  call: CallLeg,
  slot: string,
): Promise<readonly [number, number]> {
  const [caller, retriever] = [randomUUID(), randomUUID()];
  await call(caller, '&park()', true);
  const parked = Promise.all([news.wait(way.parked(caller, slot)), news.wait(`music ${caller}`).then(now)]);
  const sentMs = performance.now();
  await way.park(caller, slot);
  const [, musicMs] = await parked;
  const answered = news.wait(`answered ${retriever}`).then(now);
  const talking = Promise.all([caller, retriever].map((leg) => news.wait(`talking ${leg}`))).then(now);
  await call(retriever, way.fetch(slot), false);
  const times = [musicMs - sentMs, (await talking) - (await answered)] as const;
  const over = Promise.all([caller, retriever].map((leg) => news.wait(`over ${leg}`)));
  await one.api('uuid_kill', retriever);
  await over;
  return times;
}

/** In words. */
export function toldLatency(waits: Latencies): string {
  return `p50 ${waits.quantile(0.5).toFixed(0)}, p99 ${waits.quantile(0.99).toFixed(0)} ms`;
}

function now(): number {
  return performance.now();
}
