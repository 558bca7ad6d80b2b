import type { Scenario } from './api-scenarios.js';
import { only, start } from './api-scenarios.js';

/** Scenarios of the `socket` application. */
export const socketScenarios: Readonly<Record<string, Scenario>> = {
  '40-outbound-park-hangup': {
    mayMiss: 'CHANNEL_PARK',
    run: async (replay, sim) => {
      const leg = sim.call('3000', '5010', { uuid: replay.legs[0] ?? '' });
      await replay.called();
      await replay.playRest();
      await replay.event('CHANNEL_EXECUTE_COMPLETE', 3);
      sim.hangUp(leg);
    },
  },
  '45-outbound-app-exits-parked': {
    run: async (replay, sim) => {
      const leg = sim.call('3000', '5010');
      await replay.called();
      await replay.playRest();
      await replay.until(() => !leg.isAlive);
    },
  },
  '45d-outbound-resume-then-park': {
    run: async (replay, sim) => {
      const leg = sim.call('3000', '5012');
      await replay.called();
      await replay.playRest();
      replay.disconnect();
      await replay.until(() => leg.parked && leg.running?.application === 'park');
    },
  },
  '47-outbound-refused': {
    run: async (replay, sim) => {
      await replay.stopListening();
      await start(replay);
      sim.call('3000', '5010', { uuid: replay.legs[0] ?? '' });
    },
  },
  '49-outbound-two-legs': {
    run: async (replay, sim) => {
      const leg = sim.call('3000', '5010', { uuid: replay.legs[0] ?? '' });
      await replay.called();
      await replay.playRest();
      await replay.event('CHANNEL_EXECUTE_COMPLETE');
      await replay.elsewhere(`api uuid_transfer ${leg.uuid} 5000 XML default`);
      await replay.until(() => only([leg]).running?.application === 'park');
    },
  },
};
