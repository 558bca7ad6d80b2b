import type { Channel } from '../calls/channel.js';
import type { SimulatedSwitch } from '../simulated-switch.js';
import type { Replay } from './recording.js';

export interface Scenario {
  /** What the phones and the application do, in the order of the recording. */
  readonly run: (replay: Replay, sim: SimulatedSwitch) => Promise<void>;
  /** Commands that are not played: the simulated switch has them not, or they tell of the machine. */
  readonly leaveOut?: RegExp;
  /** Only so many of the recorded events are compared: the rest shows what the simulated switch has not. */
  readonly events?: number;
  /** An event that comes before or after the subscription, as it happens. */
  readonly mayMiss?: string;
}

/** Connects, logs in and subscribes. */
export async function start(replay: Replay): Promise<void> {
  await replay.connect();
  await replay.play(2);
}

/** Calls of strangers to a number, as the recorded legs of these places. */
export async function calls(
  replay: Replay,
  sim: SimulatedSwitch,
  places: readonly number[],
  to = '5000',
): Promise<Channel[]> {
  const legs: Channel[] = [];
  for (const place of places) {
    const leg = sim.call(`300${legs.length}`, to, { uuid: replay.legs[place] ?? '' });
    legs.push(leg);
    await replay.until(() => leg.parked);
  }
  return legs;
}

export function only(channels: readonly (Channel | undefined)[]): Channel {
  const [first] = channels;
  if (first === undefined) throw new Error('no such leg');
  return first;
}

export const apiScenarios: Readonly<Record<string, Scenario>> = {
  '08-originate-park-sip': {
    run: async (replay) => {
      await start(replay);
      await replay.play();
      await replay.event('CHANNEL_PARK');
      await replay.play();
    },
  },
  '08c-originate-options': {
    run: async (replay, sim) => {
      await start(replay);
      sim.phone('1001').registered = false;
      await replay.playRest();
    },
  },
  '08d-originate-quoting': {
    run: async (replay) => {
      await replay.connect();
      await replay.playRest();
    },
  },
  '09-park-noanswer': {
    run: async (replay, sim) => {
      await start(replay);
      sim.hangUp(only(await calls(replay, sim, [0], '5009')));
    },
  },
  '10-bridge-two-parked': {
    run: async (replay, sim) => {
      await start(replay);
      const legs = await calls(replay, sim, [0, 1]);
      await replay.play();
      await replay.event('CHANNEL_BRIDGE');
      sim.hangUp(only(legs));
    },
  },
  '10b-bridge-then-unbridge-park': {
    run: async (replay, sim) => {
      await start(replay);
      const [a, b] = await calls(replay, sim, [0, 1]);
      await replay.play(3);
      await replay.event('CHANNEL_BRIDGE');
      sim.hangUp(only([b]));
      await replay.event('CHANNEL_PARK', 3);
      sim.hangUp(only([a]));
    },
  },
  '11-bridge-failures': {
    run: async (replay, sim) => {
      const [leg] = await calls(replay, sim, [0]);
      await start(replay);
      await replay.play(6);
      const other = sim.call('3001', '5000', { uuid: replay.legs[1] ?? '' });
      await replay.until(() => other.parked);
      sim.hangUp(only([leg]));
      await replay.playRest();
    },
  },
  '11b-bridge-to-ringing-leg': {
    run: async (replay, sim) => {
      sim.phone('1001').behaviour = { kind: 'rings' };
      await calls(replay, sim, [1]);
      await start(replay);
      await replay.play();
      await replay.until(() => sim.phone('1001').shown.length > 0);
      await replay.play();
    },
  },
  '11c-bridge-race': {
    leaveOut: /uuid_dump/,
    run: async (replay, sim) => {
      await start(replay);
      // The leg of this place hangs up between the answer and the bridge.
      for (const [a, b, gone, next] of [
        [0, 1, 0, 3],
        [2, 3, 0, 2],
        [4, 5, 1, 2],
        [6, 7, 1, 2],
      ] as const) {
        const legs = await calls(replay, sim, [a, b]);
        sim.core.beforeBridge = () => sim.hangUp(only([legs[gone]]));
        await replay.play();
        await replay.until(() => legs[gone]?.isAlive === false && legs[1 - gone]?.parked === false);
        await replay.play(next);
      }
    },
  },
  '12-bgapi-ok': {
    run: async (replay) => {
      await start(replay);
      await replay.play();
      await replay.event('CHANNEL_PARK');
      await replay.play();
      await replay.event('CHANNEL_PARK', 2);
      await replay.playRest();
    },
  },
  '12b-bgapi-failures': {
    events: 10,
    run: async (replay, sim) => {
      const phone = sim.phone('1001', { port: 51_001 });
      await start(replay);
      phone.behaviour = { kind: 'rings' };
      await replay.play();
      await replay.event('BACKGROUND_JOB');
      for (const [at, kind] of (['busy', 'rejects', 'not-found'] as const).entries()) {
        phone.behaviour = { kind };
        await replay.play();
        await replay.event('BACKGROUND_JOB', at + 2);
      }
      phone.behaviour = { kind: 'no-response' };
      await replay.play();
    },
  },
  '13-kill-exists': {
    run: async (replay, sim) => {
      await calls(replay, sim, [0, 1, 2]);
      await start(replay);
      await replay.playRest();
    },
  },
  '14-transfer': {
    run: async (replay, sim) => {
      await calls(replay, sim, [0]);
      await start(replay);
      await replay.play();
      await replay.event('CHANNEL_EXECUTE', 2);
      await replay.play();
      await replay.event('CHANNEL_PARK');
      await replay.playRest();
    },
  },
  '15-broadcast': {
    leaveOut: /displace/,
    run: async (replay, sim) => {
      await calls(replay, sim, [0]);
      await start(replay);
      await replay.play();
      await replay.event('CHANNEL_EXECUTE_COMPLETE');
      await replay.play();
      await replay.event('PLAYBACK_START', 2);
      await replay.play(3);
      await replay.event('CHANNEL_EXECUTE_COMPLETE', 3);
      await replay.playRest();
    },
  },
  '16-vars': {
    leaveOut:
      /uuid_(set_media_stats|phone_event|hold|pre_answer|media_3p|send_dtmf|chat|buglist|limit)|sched_(hangup|api)/,
    run: async (replay, sim) => {
      await calls(replay, sim, [0]);
      await replay.connect();
      await replay.playRest();
    },
  },
  '20b-sendmsg-unknown-app': {
    run: async (replay, sim) => {
      await start(replay);
      await calls(replay, sim, [0]);
      await replay.playRest();
    },
  },
  '26-caller-hangup-while-parked': {
    run: async (replay, sim) => {
      await start(replay);
      sim.hangUp(only(await calls(replay, sim, [0])));
    },
  },
  '28-retrieve': {
    run: async (replay, sim) => {
      await start(replay);
      await calls(replay, sim, [0]);
      await replay.play(2);
      const retriever = sim.call('3001', '5000', { uuid: replay.legs[1] ?? '' });
      await replay.until(() => retriever.parked);
      await replay.play(2);
      await replay.event('CHANNEL_BRIDGE');
      sim.hangUp(retriever);
    },
  },
  '31-hold-audio-by-sendmsg': {
    run: async (replay) => {
      await start(replay);
      await replay.play();
      await replay.event('CHANNEL_PARK');
      await replay.play();
      await replay.event('PLAYBACK_START');
      // The second sound waits behind the first, and goes with it.
      await replay.play(2);
      await replay.event('PLAYBACK_STOP');
      await replay.play();
      await replay.event('PLAYBACK_START', 2);
      await replay.play();
      await replay.event('PLAYBACK_STOP', 2);
      await replay.play();
      await replay.event('PLAYBACK_START', 3);
      await replay.play();
      await replay.event('CHANNEL_PARK', 2);
      // The bridge ends what plays.
      await replay.play();
      await replay.event('CHANNEL_BRIDGE');
      await replay.playRest();
    },
  },
  '32-told-of-by-dialplan': {
    run: async (replay) => {
      await start(replay);
      await replay.play(5);
      await replay.event('CHANNEL_EXECUTE');
      await replay.play();
      await replay.event('CHANNEL_PARK');
      await replay.play();
      await replay.event('CHANNEL_HANGUP_COMPLETE');
      await replay.play();
      await replay.event('CHANNEL_PARK', 2);
      await replay.playRest();
    },
  },
  '29-ringback-to-parker': {
    run: async (replay, sim) => {
      await start(replay);
      sim.phone('1001').behaviour = { kind: 'busy' };
      const [caller] = await calls(replay, sim, [0]);
      await replay.play();
      await replay.event('BACKGROUND_JOB');
      sim.phone('1001').behaviour = { kind: 'answers', afterMs: 0 };
      await replay.play();
      await replay.until(() => sim.phone('1001').legs[0]?.parked === true);
      await replay.play();
      await replay.event('CHANNEL_BRIDGE');
      sim.hangUp(only([caller]));
    },
  },
  '29b-ringback-intercept': {
    run: async (replay, sim) => {
      await start(replay);
      const [caller] = await calls(replay, sim, [0]);
      await replay.play();
      await replay.event('CHANNEL_BRIDGE');
      sim.hangUp(only([caller]));
    },
  },
  '28b-bridge-while-moh': {
    run: async (replay, sim) => {
      await calls(replay, sim, [0, 1]);
      await start(replay);
      await replay.playRest();
    },
  },
};
