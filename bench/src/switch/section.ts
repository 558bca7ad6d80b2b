import { ParkState, WatchSlotsRequest, type WatchSlotsResponse } from '@parkade/proto';
import { RealSwitch, readSwitchSettings, System, TENANT } from '@parkade/real-switch';
import { median, ratios, spread } from '../measure/spread.js';
import { atLeast, type Figure } from '../result.js';
import { AnsweringPhone, callLegs } from './legs.js';
import { pairsASecond, type Way } from './pairs.js';

const PAIRS = 60;
const ROUNDS = 4;
/** A stock switch takes 30 new calls a second; the legs are called before anything is measured. */
const CALLS_A_SECOND = 500;
const LOT = 'bench';

/**
 * Parks and retrieves through Parkade, beside the switch's own valet parking: `npm run bench -- switch`, with `FREESWITCH_ESL`
 * set. Both get the same legs (calls to a phone that answers) and as many at a time, by turns; a first round is not counted.
 */
export async function switchSection(): Promise<readonly Figure[]> {
  const settings = readSwitchSettings(process.env);
  const [one] = await RealSwitch.connectAll({ ...settings, eventSockets: settings.eventSockets.slice(0, 1) });
  if (one === undefined) throw new Error('no switch');
  const phone = await AnsweringPhone.start(settings.localHost);
  const slots = { tenants: { [TENANT]: { lots: { default: { ranges: [{ first: '1000', last: '1999' }] } } } } };
  const system = await System.start(settings, [one], { slots, anyDomain: true, maxMedia: 1, leaseTtl: '10s' });
  const callsASecond = (await one.api('fsctl', 'sps')).replace(/\D/g, '');
  try {
    await one.api('fsctl', `sps ${CALLS_A_SECOND}`);
    const ways = { parkade: parkade(one, system), valet: valet(one) };
    const rates: Record<keyof typeof ways, number[]> = { parkade: [], valet: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of ['parkade', 'valet'] as const) {
        const callers = await callLegs(one, phone, settings.profile, PAIRS, name === 'parkade');
        const retrievers = await callLegs(one, phone, settings.profile, PAIRS, false);
        const slotOf = (pair: number): string => String(1_000 + round * 100 + pair);
        const rate = await pairsASecond(one, ways[name], callers, retrievers, slotOf);
        if (round > 0) rates[name].push(rate);
        console.log(`  ${name}: ${rate.toFixed(1)} pairs/s`);
        await one.clear();
        await system.allFree();
      }
    }
    const beside = ratios(rates.parkade, rates.valet);
    const baseline = `Parkade ${median(rates.parkade).toFixed(1)}, mod_valet_parking ${median(rates.valet).toFixed(1)} pairs/s`;
    return [atLeast('switch_valet_ratio', median(beside), 1, 'ratio', { spread: spread(beside), baseline })];
  } catch (error) {
    console.error(system.logs());
    throw error;
  } finally {
    if (callsASecond !== '') await one.api('fsctl', `sps ${callsASecond}`);
    await one.clear();
    await system.stop();
    await phone.stop();
    await one.close();
  }
}

/** Through the shipped dial plan. */
function parkade(one: RealSwitch, system: System): Way {
  const parked = new Set<string>();
  const stream = system.client.watchSlots(WatchSlotsRequest.fromPartial({ tenantId: TENANT }));
  stream.on('error', () => undefined);
  stream.on('data', ({ event }: WatchSlotsResponse) => {
    if (event?.$case !== 'slot') return;
    const { slot, parks } = event.value;
    if (parks.some(({ state }) => state === ParkState.PARKED)) parked.add(slot);
  });
  return {
    park: (leg, slot) => one.api('uuid_transfer', `${leg} *3${slot} XML default`),
    isParked: (slot) => parked.has(slot),
    fetch: (leg, slot) => one.api('uuid_transfer', `${leg} *5${slot} XML default`),
  };
}

function valet(one: RealSwitch): Way {
  const parked = new Set<string>();
  one.onEvent((event) => {
    if (event.get('Action') === 'hold' && event.get('Valet-Lot-Name')?.startsWith(LOT) === true) {
      parked.add(event.get('Valet-Extension') ?? '');
    }
  });
  const to = (leg: string, slot: string): Promise<string> =>
    one.api('uuid_transfer', `${leg} 'valet_park:${LOT} ${slot}' inline`);
  return { park: to, isParked: (slot) => parked.has(slot), fetch: to };
}
