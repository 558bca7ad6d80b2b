import { status } from '@grpc/grpc-js';
import { Reason } from '@parkade/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeOwner } from '../testing/fake-owner.testing.js';
import { parkRequest, says } from '../testing/samples.testing.js';
import { TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

/** What an owner was asked, correlation and time aside. */
function asked(owner: FakeOwner): readonly object[] {
  return owner.commands.map(({ shard, fingerprint, op }) => ({ shard, fingerprint, op }));
}

describe('delivery', () => {
  it('sends the same command again when the stream breaks (D1)', async () => {
    bed = await TestBed.start();
    let attempts = 0;
    bed.owner.script = () => (++attempts === 1 ? 'break' : says.park());
    await bed.call('park', parkRequest({ requestId: '' }));
    const [first, second, ...more] = asked(bed.owner);
    expect(second).toEqual(first);
    expect(more).toEqual([]);
  });

  it('follows a hint at once (D3)', async () => {
    bed = await TestBed.start({}, 2);
    const [first, second] = [bed.at(bed.owners, 0), bed.at(bed.owners, 1)];
    first.script = () => says.notOwner(second.address, 1_000_000);
    second.script = () => says.park();
    await bed.call('park', parkRequest());
    expect(first.commands).toHaveLength(1);
    expect(asked(second)).toEqual(asked(first));
  });

  it('does not run in circles after hints of two owners that name each other (D3)', async () => {
    bed = await TestBed.start({}, 2);
    const [first, second] = [bed.at(bed.owners, 0), bed.at(bed.owners, 1)];
    first.script = () => says.notOwner(second.address, 1_000_000);
    second.script = () => says.notOwner(first.address, 1_000_000);
    const failure = await bed.failure('park', parkRequest(), 600);
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.NO_OWNER });
    // About 10 pauses of at most 100 ms, and after each of them at most 5 questions.
    expect(first.commands.length + second.commands.length).toBeLessThan(100);
  });

  it('goes to the next owner as soon as the directory knows it', async () => {
    bed = await TestBed.start({ limits: { retryMinMs: 60_000, retryMaxMs: 60_000 } }, 2);
    const [first, second] = [bed.at(bed.owners, 0), bed.at(bed.owners, 1)];
    second.script = () => says.park();
    const refusedOnce = new Promise<void>((resolve) => {
      first.script = () => {
        resolve();
        return says.notOwner();
      };
    });
    const answer = bed.call('park', parkRequest());
    await refusedOnce;
    await bed.own(second);
    await answer;
    expect(second.commands).toHaveLength(1);
  });

  it('ends with NO_OWNER when nobody can have got it (D2)', async () => {
    bed = await TestBed.start({}, 0);
    const failure = await bed.failure('park', parkRequest(), 600);
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.NO_OWNER });
  });

  it('ends with NO_OWNER when the owner refuses connections (D2)', async () => {
    bed = await TestBed.start();
    await bed.owner.stop();
    const failure = await bed.failure('park', parkRequest(), 800);
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.NO_OWNER });
  });

  it('ends with DEADLINE, typed, when the outcome is not known in time (D2)', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => 'silence';
    const failure = await bed.failure('park', parkRequest(), 1_000);
    expect(failure).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: Reason.DEADLINE });
  });

  it('tells the owner how much of the time is left', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park();
    await bed.call('park', parkRequest(), 2_000);
    expect(bed.owner.commands[0]?.timeoutMs).toBeGreaterThan(1_000);
    expect(bed.owner.commands[0]?.timeoutMs).toBeLessThanOrEqual(2_000);
  });

  it('reaches an owner that comes back at the same address', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park();
    await bed.call('park', parkRequest());
    await bed.owner.stop();
    const answer = bed.call('park', parkRequest(), 10_000);
    const again = await FakeOwner.start(bed.owner.port);
    bed.owners.push(again);
    again.script = () => says.park();
    await answer;
    expect(again.commands).toHaveLength(1);
  });

  it('takes one answer a command, however many come', async () => {
    bed = await TestBed.start();
    bed.owner.copies = 3;
    bed.owner.script = ({ op }) => says.park({ note: op?.$case === 'park' ? op.value.note : '' });
    for (const note of ['a', 'b', 'c']) {
      expect((await bed.call('park', parkRequest({ note }))).park?.note).toBe(note);
    }
  });

  it('gives answers to whom they belong, in whatever order they come', async () => {
    bed = await TestBed.start();
    bed.owner.script = async ({ op }) => {
      const note = op?.$case === 'park' ? op.value.note : '';
      for (let turns = 50 - Number(note); turns > 0; turns--) await new Promise(setImmediate);
      return says.park({ note });
    };
    const notes = Array.from({ length: 50 }, (_, i) => String(i));
    const answers = await Promise.all(notes.map((note) => bed.call('park', parkRequest({ note }))));
    expect(answers.map(({ park }) => park?.note)).toEqual(notes);
  });

  it('refuses with OVERLOADED past the bound of one owner', async () => {
    bed = await TestBed.start({ limits: { maxPerOwner: 2 } });
    const release: (() => void)[] = [];
    bed.owner.script = () => new Promise((resolve) => release.push(() => resolve(says.park())));
    const waiting = [bed.call('park', parkRequest()), bed.call('park', parkRequest())];
    await expect.poll(() => release.length).toBe(2);
    expect(await bed.failure('park', parkRequest())).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: Reason.OVERLOADED,
    });
    for (const go of release) go();
    await Promise.all(waiting);
  });

  it('gives an own refusal of the owner as the answer and does not try again (D4)', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.refusal(Reason.STORE_UNAVAILABLE);
    expect(await bed.failure('park', parkRequest())).toMatchObject({ reason: Reason.STORE_UNAVAILABLE });
    expect(bed.owner.commands).toHaveLength(1);
  });
});
