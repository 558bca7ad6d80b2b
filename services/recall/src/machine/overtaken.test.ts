// A recall that is overtaken while this process takes it up, or cannot say what became of it.
import { CallRef } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SYSTEM, resolveRecall } from '@parkade/settings';
import { connectLeg, transferCall } from '../run/media-answers.js';
import type { MediaPort } from '../media/port.js';
import { LOOK_AGAIN_MS } from './go.js';
import { legId } from './leg-id.js';
import { encodeNote, type Note } from './note.js';
import { emptyPlan } from './plan.js';
import { newRecall, step, wakeAtMs } from './step.js';
import type { ParkStateView, ParkView, Recall, RecallEvent, Step } from './types.js';

const NOW = 1_800_000_000_000;
const POLICY = { ...resolveRecall(undefined, undefined, DEFAULT_SYSTEM), fallback: { to: 'voicemail' } as const };
const [DESK, CELL] = ['desk', 'cell'].map((contact) => legId('p1', 1, '1001', contact)) as [string, string];

const note: Note = {
  beganMs: NOW - 1_000,
  groupId: '',
  order: 0,
  legs: new Map([DESK, CELL].map((id) => [id, { dialledAtMs: NOW - 1_000, ended: undefined }])),
};
const ringback: ParkStateView = { kind: 'ringback', untilMs: NOW + 30_000, legs: encodeNote(note) };
const fetchedBy = (byCallId: string): ParkStateView => ({ kind: 'retrieving', retrieveId: 'r1', byCallId });

function park(state: ParkStateView): ParkView {
  return {
    ...{ parkId: 'p1', tenantId: 'acme', lotId: 'main', slot: '701', parker: undefined },
    call: CallRef.fromPartial({ mediaNode: 'm1', callId: 'caller' }),
    ...{ parkedAtMs: NOW - 60_000, ringbackTimeoutMs: 60_000, callbackTimeoutMs: 30_000, maxParkMs: 0 },
    ...{ clusterMedia: true, attempt: 1, state },
  };
}

/** What comes of events, one after the other, of a park that was seen in this state first. */
function after(state: ParkStateView, ...events: readonly ((recall: Recall) => RecallEvent)[]): Step {
  let told = newRecall(park(state), 1, NOW);
  for (const event of events) told = step(told.recall, event(told.recall), NOW);
  return told;
}

const record = (state: ParkStateView) => (): RecallEvent => ({ is: 'record', park: park(state), revision: 2 });
const gone = (how: 'joined' | 'other') => (): RecallEvent => ({ is: 'gone', how, revision: 2 });
const prepared = ({ turn }: Recall): RecallEvent => ({
  is: 'prepared',
  turn,
  policy: POLICY,
  plan: emptyPlan('', 1, undefined),
  facts: new Map(),
});
const answered = (leg: string) => (): RecallEvent => ({ is: 'leg', legId: leg, news: 'answered' });
const cancels = ({ effects }: Step) =>
  effects.flatMap((each) => (each.do === 'cancel' ? [[each.legId, each.cause]] : []));

describe('an attempt that is being taken up', () => {
  it('is overtaken by a pickup: what another process has rung is cancelled (R15)', () => {
    expect(cancels(after(ringback, record(fetchedBy('picker'))))).toEqual([DESK, CELL].map((id) => [id, 'picked-up']));
    expect(cancels(after(ringback, gone('joined')))).toEqual([DESK, CELL].map((id) => [id, 'picked-up']));
    expect(cancels(after(ringback, gone('other')))).toEqual([DESK, CELL].map((id) => [id, 'over']));
  });

  it('is answered, and the other process has claimed the call for it: that leg is let alone (L4)', () => {
    const told = after(ringback, record(fetchedBy(DESK)));
    expect(cancels(told)).toEqual([[CELL, 'picked-up']]);
    expect(told.effects).toContainEqual({ do: 'find', legId: DESK });
  });
});

describe('a claim that was left behind', () => {
  it('is not given up because its leg is told of as answered once more (L4)', () => {
    const told = after(fetchedBy(DESK), answered(DESK));
    expect([told.recall.phase.name, cancels(told)]).toEqual(['recover', []]);
    const unknown = after(fetchedBy(DESK), ({ turn }) => ({ is: 'found', turn, fact: 'unknown' }), answered(DESK));
    expect([unknown.recall.phase.name, cancels(unknown)]).toEqual(['rest', []]);
  });

  it('ends its leg when the caller is gone (L4)', () => {
    expect(cancels(after(fetchedBy(DESK), gone('other')))).toEqual([[DESK, 'over']]);
  });
});

describe('a leg and a call of which nobody knows whether they are connected', () => {
  const lost = (exists: () => ReturnType<MediaPort['exists']>): MediaPort =>
    ({ connect: () => Promise.reject(new Error('no answer')), exists }) as unknown as MediaPort;

  it('are told of as that, and as what they are where the switch says it', async () => {
    const call = CallRef.fromPartial({ mediaNode: 'm1', callId: 'caller' });
    const ask = (media: MediaPort) => connectLeg(media, park(fetchedBy(DESK)), call, DESK, 7);
    expect(await ask(lost(() => Promise.resolve('unknown')))).toEqual({ is: 'connect-unknown', turn: 7 });
    expect(await ask(lost(() => Promise.reject(new Error('no answer'))))).toEqual({ is: 'connect-unknown', turn: 7 });
    expect(await ask(lost(() => Promise.resolve('connected')))).toEqual({ is: 'connected', turn: 7 });
    expect(await ask(lost(() => Promise.resolve('answered')))).toMatchObject({ is: 'not-connected' });
  });

  it('are let alone, with the slot, until the switch says it: nothing is given back, played or ended (R3)', () => {
    const told = after(
      fetchedBy(DESK),
      ({ turn }) => ({ is: 'found', turn, fact: 'answered' }),
      ({ turn }) => ({ is: 'connect-unknown', turn }),
    );
    expect(told.effects).toEqual([]);
    const atMs = wakeAtMs(told.recall);
    expect(atMs).toBe(NOW + LOOK_AGAIN_MS);
    expect(step(told.recall, { is: 'due' }, atMs).effects).toEqual([{ do: 'find', legId: DESK }]);
  });
});

describe('a call of which nobody knows whether it was handed over', () => {
  it('is asked for again, not hung up, nor rung for as if it waited (R2)', async () => {
    const waits = { ...park({ kind: 'parked', recallAtMs: NOW }), maxParkMs: 60_000 };
    const media = { transfer: () => Promise.reject(new Error('no answer')) } as unknown as MediaPort;
    const { call } = waits;
    if (call === undefined) throw new Error('no call');
    let told = newRecall(waits, 1, NOW);
    told = step(told.recall, prepared(told.recall), NOW);
    expect(told.effects).toMatchObject([{ do: 'transfer' }]);
    told = step(told.recall, await transferCall(media, waits, call, { to: 'voicemail' }, told.recall.turn), NOW);
    expect(told.effects).toEqual([]);
    const later = NOW + LOOK_AGAIN_MS;
    told = step(told.recall, { is: 'due' }, later);
    told = step(told.recall, prepared(told.recall), later);
    expect(told.effects).toMatchObject([{ do: 'transfer' }]);
  });
});
