// The switch tells of a call's arrival so late that its dial plan has brought it over a connection.
import type { EslEvent } from '@parkade/esl';
import { expect, test } from 'vitest';
import { isArrival } from '../switch/subscription.js';
import { TwoNodes } from '../testing/two-nodes.js';

/** The pause of the dial plan is over by then, and the call is in its `socket` application. */
const PAUSE_OVER_MS = 1_100;

/** Keeps back what `here` tells of arrivals from now on. */
function keepArrivals({ here: { agent } }: TwoNodes): EslEvent[] {
  const { calls } = agent;
  const kept: EslEvent[] = [];
  const tell = calls.onEvent.bind(calls);
  calls.onEvent = (event) => {
    if (isArrival(event)) kept.push(event);
    else tell(event);
  };
  return kept;
}

test('a call that was told where to go before its connection is heard is let go at once, and can be fetched (I2, R3)', async () => {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const { sim, agent } = world.here;
    const { calls } = agent;
    const tell = calls.onEvent.bind(calls);
    const kept = keepArrivals(world);
    const take = agent.takeCall.bind(agent);
    let isLate = true;
    agent.takeCall = async (callId) => {
      // Now the event comes; what the connection asks is heard a moment later.
      if (isLate) for (const event of kept.splice(0)) tell(event);
      isLate = false;
      await world.sleep(50);
      return take(callId);
    };
    const caller = sim.call('2001', '1001');
    await world.pass(20);
    if (caller.peer === undefined) throw new Error('nobody answered');
    sim.transferBlind(caller.peer, '701');
    await world.pass(PAUSE_OVER_MS + 200);
    expect([caller.parked, caller.running]).toEqual([true, undefined]);
    calls.onEvent = tell;
    const retriever = sim.call('1002', '*5701');
    await world.pass(400);
    expect(caller.peer.uuid).toBe(retriever.uuid);
  } finally {
    await world.close();
  }
});

test('an arrival that is told when its call has long been dealt with changes nothing (R2, C3)', async () => {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const { sim, agent } = world.here;
    const tell = agent.calls.onEvent.bind(agent.calls);
    const caller = await world.parked();
    const kept = keepArrivals(world);
    const retriever = sim.call('1002', '*5701');
    await world.pass(PAUSE_OVER_MS + 400);
    expect([caller.peer?.uuid, kept.length]).toEqual([retriever.uuid, 1]);
    for (const event of kept) tell(event);
    await world.pass(5_000);
    const talking = [caller.peer?.uuid, retriever.peer?.uuid, world.slot.endReason];
    expect(talking).toEqual([retriever.uuid, caller.uuid, 'retrieved']);
  } finally {
    await world.close();
  }
});
