import { homeShard } from '@parkade/ids';
import { type Command, type CommandAnswer, type MoveHold, Reason } from '@parkade/proto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Scripted } from '../testing/fake-owner.testing.js';
import { parkIdIn, requestId, says } from '../testing/samples.testing.js';
import { SHARDS, TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

const TO = homeShard('acme', 'default', SHARDS);
const FROM = (TO + 1) % SHARDS;

function hold(epoch: number): CommandAnswer['result'] {
  const value: MoveHold = { shard: TO, epoch, recordRevision: 3, record: undefined, policy: undefined };
  return { $case: 'hold', value };
}

async function withScript(...answers: readonly Scripted[]): Promise<void> {
  bed = await TestBed.start();
  const left = [...answers];
  bed.owner.script = ({ op }) => (op?.$case === 'settleMove' ? undefined : left.shift());
}

function move(shard: number): {
  requestId: string;
  tenantId: string;
  parkId: string;
  slot: { lotId: string; slot: string };
} {
  return { requestId: requestId(), tenantId: 'acme', parkId: parkIdIn(shard), slot: { lotId: '', slot: '702' } };
}

function story(): readonly string[] {
  return bed.owner.commands.map(({ op, shard }: Command) => {
    if (op?.$case === 'move') return `move ${shard} hold=${op.value.hold?.epoch ?? 'none'}`;
    return op?.$case === 'settleMove' ? `settle ${shard} drop=${op.value.drop}` : `${op?.$case ?? ''} ${shard}`;
  });
}

describe('a move', () => {
  it('inside a shard is one command', async () => {
    await withScript(says.park({ slot: '702' }));
    expect((await bed.call('movePark', move(TO))).park?.slot).toBe('702');
    expect(story()).toEqual([`move ${TO} hold=none`]);
  });

  it('across shards holds the destination, moves, and tells the destination', async () => {
    await withScript(hold(4), says.park());
    await bed.call('movePark', move(FROM));
    expect(story()).toEqual([`holdForMove ${TO}`, `move ${FROM} hold=4`, `settle ${TO} drop=false`]);
  });

  it('is refused when the destination refuses, and the source is not asked', async () => {
    await withScript(says.refusal(Reason.SLOT_OCCUPIED));
    expect(await bed.failure('movePark', move(FROM))).toMatchObject({ reason: Reason.SLOT_OCCUPIED });
    expect(story()).toEqual([`holdForMove ${TO}`]);
  });

  it('drops the hold when the source refuses', async () => {
    await withScript(hold(4), says.refusal(Reason.PARK_ENDED));
    expect(await bed.failure('movePark', move(FROM))).toMatchObject({ reason: Reason.PARK_ENDED });
    expect(story().at(-1)).toBe(`settle ${TO} drop=true`);
  });

  it('holds again when the destination has another owner by now', async () => {
    await withScript(hold(4), says.refusal(Reason.WRONG_STATE, { retry: 'hold' }), hold(5), says.park());
    await bed.call('movePark', move(FROM));
    expect(story()).toEqual([
      `holdForMove ${TO}`,
      `move ${FROM} hold=4`,
      `holdForMove ${TO}`,
      `move ${FROM} hold=5`,
      `settle ${TO} drop=false`,
    ]);
  });

  it('sends the second half again with the same hold when the stream breaks', async () => {
    await withScript(hold(4), 'break', says.park());
    await bed.call('movePark', move(FROM));
    expect(story()).toEqual([
      `holdForMove ${TO}`,
      `move ${FROM} hold=4`,
      `move ${FROM} hold=4`,
      `settle ${TO} drop=false`,
    ]);
  });

  it('leaves the hold alone when the outcome is not known', async () => {
    await withScript(hold(4), 'silence');
    expect(await bed.failure('movePark', move(FROM), 1_000)).toMatchObject({ reason: Reason.DEADLINE });
    expect(story()).toEqual([`holdForMove ${TO}`, `move ${FROM} hold=4`]);
  });

  it.each([Reason.STORE_FULL, Reason.STORE_UNAVAILABLE])(
    'leaves the hold to a retry where the source cannot say what became of it: %s',
    async (reason) => {
      await withScript(hold(4), says.refusal(reason));
      expect(await bed.failure('movePark', move(FROM))).toMatchObject({ reason });
      expect(story()).toEqual([`holdForMove ${TO}`, `move ${FROM} hold=4`]);
    },
  );
});
