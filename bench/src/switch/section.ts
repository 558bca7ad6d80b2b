import { RealSwitch, readSwitchSettings, System, TENANT } from '@parkade/real-switch';
import { childrenCpuUs } from '../measure/children-cpu.js';
import { processCpuUs } from '../measure/process-cpu.js';
import { median, ratios, spread } from '../measure/spread.js';
import { atLeast, atMost, type Figure } from '../result.js';
import { AnsweringPhone, type CallLeg, callingLegs } from './legs.js';
import { waitsAt, type Waits, tellOfMoments, toldLatency } from './people-wait.js';
import { News } from './news.js';
import { pairsASecond, tellOfCalls } from './pairs.js';
import { bare, FIRST_SLOT, least, parkade, SLOTS, valet, type Way } from './ways.js';

const PAIRS = 120;
/** Rounds that count; for a quick look, fewer will do. */
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 4);
/** Pairs that are under way at a time; of each way the fastest counts. */
const IN_FLIGHT = [16, 32];
/** What people wait for is measured at a rate that every way does with ease. */
const MODERATE = { pairs: 100, perSecond: 5 };
/** What a person takes for at once. */
const ALLOWED_P99_MS = 500;
/** A stock switch takes 30 new calls a second. */
const CALLS_A_SECOND = 500;

/** What tells when people hear and reach each other. */
const MOMENTS = ['PLAYBACK_START', 'CHANNEL_ANSWER'];

/** What one way did in a round. */
interface Done {
  readonly rate: number;
  /** CPU time a pair, milliseconds: of the switch, and of what this bench has started (Parkade, its stores, the phone). */
  readonly switchMs: number;
  readonly othersMs: number;
}

/**
 * Parks and fetches through Parkade, beside the switch's own valet parking and beside plain park and `uuid_bridge`: `npm run bench
 * -- switch`, with `FREESWITCH_ESL` set; and beside the least that loses no call (`least`), which says how far anybody could get. All get the same calls (to a phone that answers) and as many at a time, by turns; a
 * first round is not counted. Then, at a moderate rate, how long people wait.
 */
export async function switchSection(): Promise<readonly Figure[]> {
  const settings = readSwitchSettings(process.env);
  const oneSwitch = { ...settings, eventSockets: settings.eventSockets.slice(0, 1) };
  const [one] = await RealSwitch.connectAll(oneSwitch, {
    events: ['CHANNEL_PARK', 'CHANNEL_BRIDGE', 'CHANNEL_HANGUP'],
  });
  if (one === undefined) throw new Error('no switch');
  const switchPid = Number(process.env['FREESWITCH_PID'] ?? 0);
  const phone = await AnsweringPhone.start(settings.localHost);
  const ranges = [{ first: String(FIRST_SLOT), last: String(FIRST_SLOT + SLOTS - 1) }];
  const slots = { tenants: { [TENANT]: { lots: { default: { ranges } } } } };
  const system = await System.start(settings, [one], {
    slots,
    anyDomain: true,
    maxMedia: 1,
    leaseTtl: '10s',
    canBeCut: false,
  });
  const callsASecond = (await one.api('fsctl', 'sps')).replace(/\D/g, '');
  try {
    await one.api('fsctl', `sps ${CALLS_A_SECOND}`);
    const news = new News();
    tellOfCalls(one, news);
    const ways = {
      parkade: parkade(one, system, news),
      valet: valet(one, news),
      bare: bare(one, news),
      least: await least(one, system.cluster.store, news),
    };
    const call = callingLegs(one, phone, settings.profile);
    const done: Record<keyof typeof ways, Done[]> = { parkade: [], valet: [], bare: [], least: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of ['parkade', 'valet', 'bare', 'least'] as const) {
        const fastest = await fastestOf(
          IN_FLIGHT.map((inFlight) => () => pairsASecond(one, ways[name], news, call, { pairs: PAIRS, inFlight })),
          switchPid,
        );
        if (round > 0) done[name].push(fastest);
        console.log(`  ${name}: ${told(fastest)}`);
        await one.clear();
        await system.allFree();
      }
    }
    const rates = (name: keyof typeof ways): number[] => done[name].map(({ rate }) => rate);
    const beside = ratios(rates('parkade'), rates('valet'));
    const limit = ratios(rates('least'), rates('valet'));
    const baseline = [
      `Parkade ${told(middle(done.parkade))}`,
      `mod_valet_parking ${told(middle(done.valet))}`,
      `park and uuid_bridge alone ${told(middle(done.bare))}`,
      `with music and three puts ${told(middle(done.least))}`,
    ].join('; ');
    const waits = await atModerateRate(
      ways,
      news,
      call,
      () => RealSwitch.connectAll(oneSwitch, { events: MOMENTS }),
      async () => {
        await one.clear();
        await system.allFree();
      },
    );
    const rate = atLeast('switch_valet_ratio', median(beside), 1, 'ratio', { spread: spread(beside), baseline });
    const most = atLeast('switch_valet_limit', median(limit), 1, 'ratio', { spread: spread(limit) });
    if (switchPid === 0) return [rate, most, ...waits];
    const cpu = ratios(
      done.valet.map(({ switchMs }) => switchMs),
      done.parkade.map(({ switchMs }) => switchMs),
    );
    return [rate, most, atLeast('switch_cpu_ratio', median(cpu), 1, 'ratio', { spread: spread(cpu) }), ...waits];
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

/** How long people wait, through Parkade and through valet parking: two figures of the one, beside those of the other. */
async function atModerateRate(
  ways: Readonly<Record<'parkade' | 'valet', Way>>,
  news: News,
  call: CallLeg,
  connect: () => Promise<readonly RealSwitch[]>,
  clear: () => Promise<void>,
): Promise<readonly Figure[]> {
  const [one] = await connect();
  if (one === undefined) throw new Error('no switch');
  try {
    tellOfMoments(one, news);
    const measure = async (way: Way): Promise<Waits> => {
      const measured = await waitsAt(one, way, news, call, MODERATE);
      await clear();
      return measured;
    };
    const valet = await measure(ways.valet);
    const parkade = await measure(ways.parkade);
    return (['park', 'fetch'] as const).flatMap((what) => {
      const baseline = `mod_valet_parking ${toldLatency(valet[what])}, Parkade ${toldLatency(parkade[what])}, at ${MODERATE.perSecond} pairs/s`;
      console.log(`  ${what}: ${baseline}`);
      const figure = (share: number): number => parkade[what].quantile(share);
      return [
        atMost(`switch_${what}_p50_ms`, figure(0.5), ALLOWED_P99_MS, 'ms', { baseline }),
        atMost(`switch_${what}_p99_ms`, figure(0.99), ALLOWED_P99_MS, 'ms'),
      ];
    });
  } finally {
    await one.close();
  }
}

async function fastestOf(runs: readonly (() => Promise<number>)[], switchPid: number): Promise<Done> {
  const all: Done[] = [];
  for (const run of runs) {
    const before = [await processCpuUs(switchPid), await childrenCpuUs()] as const;
    const rate = await run();
    const [switchUs, othersUs] = [await processCpuUs(switchPid), await childrenCpuUs()];
    const aPair = (us: number): number => us / 1_000 / PAIRS;
    all.push({ rate, switchMs: aPair(switchUs - before[0]), othersMs: aPair(othersUs - before[1]) });
  }
  return all.reduce((best, one) => (one.rate > best.rate ? one : best));
}

function middle(all: readonly Done[]): Done {
  const of = (key: keyof Done): number => median(all.map((one) => one[key]));
  return { rate: of('rate'), switchMs: of('switchMs'), othersMs: of('othersMs') };
}

function told({ rate, switchMs, othersMs }: Done): string {
  const ofSwitch = switchMs === 0 ? '' : `the switch ${switchMs.toFixed(1)}, `;
  return `${rate.toFixed(1)} pairs/s (CPU a pair: ${ofSwitch}the others ${othersMs.toFixed(1)} ms)`;
}
