import type { Channel } from '../calls/channel.js';
import type { SimulatedSwitch } from '../simulated-switch.js';
import { calls, only, type Scenario, start } from './api-scenarios.js';
import type { Replay } from './recording.js';

/** Phone 3000 (Alice) talks with 1001: her leg, and the leg that 1001 has. */
async function talking(replay: Replay, sim: SimulatedSwitch, alice: string | undefined): Promise<[Channel, Channel]> {
  const leg = sim.call('3000', '1001', { uuid: alice ?? '', callerName: 'Alice' });
  await replay.until(() => leg.bridge !== undefined);
  return [leg, only([leg.peer])];
}

/** Phone 1001 transfers Alice, who hangs up when she is parked. */
function transferredByCallee(target: string, referredBy?: null): Scenario {
  return {
    run: async (replay, sim) => {
      await start(replay);
      const [alice, callee] = await talking(replay, sim, replay.legs[0]);
      sim.transferBlind(callee, target, referredBy);
      await replay.event('CHANNEL_PARK');
      sim.hangUp(alice);
    },
  };
}

/** Scenarios whose events come from what phones do. */
export const phoneScenarios: Readonly<Record<string, Scenario>> = {
  '51-blind-xfer-by-callee': transferredByCallee('5000'),
  '52-blind-xfer-by-callee-no-referred-by': transferredByCallee('5000', null),
  '57-blind-xfer-to-socket': transferredByCallee('5010'),
  '53-blind-xfer-by-caller': {
    run: async (replay, sim) => {
      await start(replay);
      const [alice, callee] = await talking(replay, sim, replay.legs[0]);
      sim.transferBlind(alice, '5000', '"Alice" <sip:3000@127.0.0.1>');
      await replay.event('CHANNEL_PARK');
      sim.hangUp(callee);
    },
  },
  '54-attended-xfer-to-park': {
    run: async (replay, sim) => {
      await start(replay);
      const [alice, callee] = await talking(replay, sim, replay.legs[0]);
      const consult = sim.call('1001', '5000', { uuid: replay.legs[1] ?? '' });
      await replay.event('CHANNEL_PARK');
      sim.transferAttended(callee, consult);
      await replay.event('CHANNEL_PARK', 2);
      sim.hangUp(alice);
    },
  },
  '59-esl-transfer-of-bridged': {
    run: async (replay, sim) => {
      await start(replay);
      const [alice] = await talking(replay, sim, replay.legs[0]);
      await replay.play();
      await replay.event('CHANNEL_PARK');
      sim.hangUp(alice);
    },
  },
  '59b-uuid-park-of-bridged': {
    run: async (replay, sim) => {
      await start(replay);
      const [alice] = await talking(replay, sim, replay.legs[0]);
      await replay.play();
      await replay.event('CHANNEL_PARK');
      sim.hangUp(alice);
    },
  },
  '70b-shutdown-plain.inbound': {
    run: async (replay, sim) => {
      await calls(replay, sim, [0], '5000');
      await start(replay);
      await replay.playRest();
    },
  },
  '74-recover.before-crash': {
    leaveOut: /core_uuid/,
    run: async (replay, sim) => {
      await start(replay);
      await calls(replay, sim, [0]);
      await replay.playRest();
    },
  },
  '74-recover.after-restart': {
    leaveOut: /core_uuid/,
    run: async (replay, sim) => {
      await calls(replay, sim, [0]);
      sim.core.find(replay.legs[0] ?? '')?.variables.set('park_slot', '701');
      await sim.crash();
      await sim.restart();
      await start(replay);
      await replay.play(2);
      await replay.event('CHANNEL_PARK');
      await replay.playRest();
      sim.hangUp(only([...sim.core.channels.values()]));
    },
  },
};
