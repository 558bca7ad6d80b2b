import type { Channel } from './channel.js';
import type { SwitchCore } from './switch-core.js';

/**
 * `uuid_bridge`: the answer, with the effect behind it. What a leg does in between shows only then, as in the recordings:
 * without A, B is left in CS_RESET, silent (in CS_SOFT_EXECUTE, as if it talked, where A goes last of all); without B, A is hung up; a leg that still rings takes both down.
 */
export function bridgeByUuid(core: SwitchCore, first: string, second: string): string {
  const [a, b] = [core.find(first), core.find(second)];
  if (a === undefined || b === undefined) return '-ERR Invalid uuid\n';
  core.beforeBridge(first, second);
  core.whenFree(b, 'CS_HIBERNATE', () => join(core, a, b));
  return `+OK ${second}\n`;
}

function join(core: SwitchCore, a: Channel, b: Channel): void {
  if (!a.isAlive && !b.isAlive) return;
  if (!a.isAlive) {
    release(core, b);
    b.state = 'CS_RESET';
    return;
  }
  if (!b.isAlive) return core.hangUp(a, 'NORMAL_CLEARING');
  a.meets(b);
  b.meets(a);
  release(core, a);
  a.state = 'CS_SOFT_EXECUTE';
  if (a === b) return;
  if (a.answerState === 'ringing' || b.answerState === 'ringing') {
    const [ringing, waiting] = b.answerState === 'ringing' ? [b, a] : [a, b];
    ringing.state = 'CS_SOFT_EXECUTE';
    core.settleRinging(ringing, 'ORIGINATOR_CANCEL');
    core.hangUp(ringing, 'DESTINATION_OUT_OF_ORDER');
    return core.hangUp(waiting, 'ORIGINATOR_CANCEL');
  }
  release(core, b);
  b.state = 'CS_SOFT_EXECUTE';
  core.amidBridge(a.uuid, b.uuid);
  if (core.find(a.uuid) === undefined) return;
  b.state = 'CS_EXCHANGE_MEDIA';
  core.join(a, b, true);
}

/** Takes a leg out of whatever it does. */
function release(core: SwitchCore, channel: Channel): void {
  const partner = core.unbridge(channel);
  core.leave(channel);
  channel.program = [];
  if (partner !== undefined) core.letGo(partner);
}

/**
 * `uuid_park`: out of a conversation, a broken bridge or a waiting application, into park. The partner is let go. A leg that it
 * has parked before leaves that park, and no other one begins.
 */
export function parkByUuid(core: SwitchCore, channel: Channel): void {
  core.whenFree(channel, 'CS_PARK', () => {
    if (!channel.isAlive) return;
    const again = channel.state === 'CS_PARK' && channel.parked;
    release(core, channel);
    channel.state = 'CS_PARK';
    if (!again) core.park(channel);
  });
}
