import { setTimeout as delay } from 'node:timers/promises';
import { ParkState, WatchSlotsRequest, type WatchSlotsResponse } from '@parkade/proto';
import { type RealSwitch, type System, TENANT } from '@parkade/real-switch';
import type { Op, Store } from '@parkade/store';
import type { News } from './news.js';

/** One way to park a call and to fetch it. */
export interface Way {
  /** Slots of the way, by their place. */
  slot(n: number): string;
  /** Sends the caller's answered leg to a slot. */
  park(leg: string, slot: string): Promise<void>;
  /** What is told when the call is parked. */
  parked(leg: string, slot: string): string;
  /** Where the retriever's leg goes when its phone has answered. */
  fetch(slot: string): string;
  /** What is left to be done then. */
  join?(caller: string, retriever: string): Promise<void>;
}

export const FIRST_SLOT = 1_000;
export const SLOTS = 1_000;
/** Slots of `^(6\d\d\d)$`, or of the stock dial plan's own 6001 to 6099. */
const VALET_FIRST = 6_001;
const VALET_SLOTS = 90;

/** Through the shipped dial plan. */
export function parkade(one: RealSwitch, system: System, news: News): Way {
  const stream = system.client.watchSlots(WatchSlotsRequest.fromPartial({ tenantId: TENANT }));
  stream.on('error', () => undefined);
  stream.on('data', ({ event }: WatchSlotsResponse) => {
    if (event?.$case !== 'slot') return;
    const { slot, parks } = event.value;
    if (parks.some(({ state }) => state === ParkState.PARKED)) news.tell(`parked in ${slot}`);
  });
  return {
    slot: (n) => String(FIRST_SLOT + (n % SLOTS)),
    park: (leg, slot) => transfer(one, leg, `*3${slot} XML default`),
    parked: (_leg, slot) => `parked in ${slot}`,
    fetch: (slot) => `*5${slot} XML default`,
  };
}

/** The switch's own `mod_valet_parking`, through its stock dial plan. */
export function valet(one: RealSwitch, news: News): Way {
  one.onEvent((event) => {
    if (event.get('Action') === 'hold') news.tell(`parked in ${event.get('Valet-Extension') ?? ''}`);
  });
  return {
    slot: (n) => String(VALET_FIRST + (n % VALET_SLOTS)),
    park: (leg, slot) => transfer(one, leg, `${slot} XML default`),
    parked: (_leg, slot) => `parked in ${slot}`,
    fetch: (slot) => `${slot} XML default`,
  };
}

/**
 * Plain park and `uuid_bridge` with nothing beside them: no slot, no music, nobody who decides. What no park service that moves
 * legs by commands can be faster than.
 */
export function bare(one: RealSwitch, news: News): Way {
  one.onEvent((event) => {
    if (event.name === 'CHANNEL_PARK') news.tell(`parked ${event.channelUuid ?? ''}`);
  });
  return {
    slot: String,
    park: (leg) => transfer(one, leg, `'park:' inline`),
    parked: (leg) => `parked ${leg}`,
    fetch: () => '&park()',
    join: async (caller, retriever) => {
      await one.api('uuid_bridge', `${retriever} ${caller}`);
    },
  };
}

const RECORD = Buffer.alloc(500, 'x');
/** Puts of so long share a transaction, ms: with many pairs under way that costs less than it takes. */
const GATHER_MS = 5;

/**
 * The least that a service does which plays music and loses no call: plain park and `uuid_bridge` again, and each of the three changes of a
 * pair (parked, being fetched, fetched) put into etcd before the next step, under a guard as an owner has it. Nobody is asked who may, no
 * slot is chosen, no lamp lit, nothing told to others; all of it by this process, on one connection to the switch.
 */
export async function least(one: RealSwitch, store: Store, news: News): Promise<Way> {
  const guard = '/bench/least/owner';
  const { revision } = await store.txn({
    compare: [],
    success: [{ kind: 'put', key: guard, value: Buffer.from('x') }],
  });
  let changes = 0;
  let gathered: { readonly puts: Op[]; readonly kept: Promise<void> } | undefined;
  const write = async (puts: Op[]): Promise<void> => {
    await delay(GATHER_MS);
    gathered = undefined;
    const { succeeded } = await store.txn({ compare: [{ kind: 'mod', key: guard, revision }], success: puts });
    if (!succeeded) throw new Error('the guard is another one');
  };
  const keep = (leg: string): Promise<void> => {
    if (gathered === undefined) {
      const puts: Op[] = [];
      gathered = { puts, kept: write(puts) };
    }
    gathered.puts.push({ kind: 'put', key: `/bench/least/${leg}/${++changes}`, value: RECORD });
    return gathered.kept;
  };
  const parking = new Set<string>();
  const parked = async (leg: string): Promise<void> => {
    await keep(leg);
    await one.api('uuid_broadcast', `${leg} local_stream://moh aleg`);
    news.tell(`kept ${leg}`);
  };
  one.onEvent(({ name, channelUuid: leg = '' }) => {
    if (name === 'CHANNEL_PARK' && parking.delete(leg)) parked(leg).catch((error: unknown) => console.error(error));
  });
  return {
    slot: String,
    park: async (leg) => {
      parking.add(leg);
      await transfer(one, leg, `'park:' inline`);
    },
    parked: (leg) => `kept ${leg}`,
    fetch: () => '&park()',
    join: async (caller, retriever) => {
      await keep(caller);
      await one.api('uuid_bridge', `${retriever} ${caller}`);
      await keep(caller);
    },
  };
}

async function transfer(one: RealSwitch, leg: string, to: string): Promise<void> {
  const said = await one.api('uuid_transfer', `${leg} ${to}`);
  if (!said.startsWith('+OK')) throw new Error(`a leg could not be transferred: ${said}`);
}
