import { afterEach, describe, expect, test } from 'vitest';
import { heard, Replay } from './testing/recording.js';
import { scenarios } from './testing/scenarios.js';

let replay: Replay | undefined;

afterEach(async () => {
  await replay?.close();
  replay = undefined;
});

async function played(name: string): Promise<Replay> {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  replay = await Replay.open(name);
  if (scenario.leaveOut !== undefined) replay.leaveOut(scenario.leaveOut);
  if (scenario.events !== undefined) replay.cutAfter(scenario.events);
  await scenario.run(replay, replay.sim);
  await replay.settled(scenario.mayMiss);
  return replay;
}

describe('W1: to the recorded commands the simulated switch answers, and tells of each leg, as the real one did', () => {
  test.each(Object.keys(scenarios))('%s', async (name) => {
    const { frames, recorded, recordedReplies } = await played(name);
    const mayMiss = scenarios[name]?.mayMiss;
    const [mine, real] = [heard(frames, mayMiss), heard(recorded, mayMiss)];
    expect(mine.replies).toEqual(recordedReplies);
    expect(mine.jobs).toEqual(real.jobs);
    expect(mine.events).toEqual(real.events);
  });
});

test('no field of an event is invented: every one was seen on a real event of that name', async () => {
  const { frames, recorded } = await played('51-blind-xfer-by-callee');
  const fieldsOf = (all: Replay['recorded']): Map<string, Set<string>> => {
    const seen = new Map<string, Set<string>>();
    for (const frame of all) {
      if (frame.kind !== 'event') continue;
      const fields = seen.get(frame.event.name) ?? new Set<string>();
      for (const field of frame.event.headers.names()) fields.add(field);
      seen.set(frame.event.name, fields);
    }
    return seen;
  };
  const real = fieldsOf(recorded);
  for (const [event, fields] of fieldsOf(frames)) {
    expect([...fields].filter((field) => real.get(event)?.has(field) !== true)).toEqual([]);
  }
});

describe('what tells who parked, as on the real switch', () => {
  const facts = [
    'Call-Direction',
    'Caller-Caller-ID-Name',
    'Caller-Caller-ID-Number',
    'Caller-Orig-Caller-ID-Number',
    'Caller-Destination-Number',
    'Caller-RDNIS',
    'Caller-Context',
    'variable_sip_h_Referred-By',
    'variable_bridge_channel',
    'variable_last_bridge_to',
    'variable_pre_transfer_caller_id_name',
    'variable_pre_transfer_caller_id_number',
    'variable_sofia_profile_name',
  ];
  test.each(['51-blind-xfer-by-callee', '53-blind-xfer-by-caller', '54-attended-xfer-to-park'])('%s', async (name) => {
    const { frames, recorded } = await played(name);
    const parks = (all: Replay['recorded']): unknown[] =>
      all.flatMap((frame) =>
        frame.kind === 'event' && frame.event.name === 'CHANNEL_PARK'
          ? [Object.fromEntries(facts.map((fact) => [fact, frame.event.get(fact)]))]
          : [],
      );
    expect(parks(frames)).toEqual(parks(recorded));
  });
});
