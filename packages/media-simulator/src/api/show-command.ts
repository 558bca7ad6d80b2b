import type { Channel } from '../calls/channel.js';
import type { SwitchCore } from '../calls/switch-core.js';

/** `show channels [like TEXT] [as json]`, `show … count`. */
export function show(core: SwitchCore, argument: string): string {
  const [what, ...rest] = argument.split(' ');
  if (what !== 'channels') return rest.includes('json') ? '{"row_count": 0}\n' : '\n0 total.\n';
  const like = rest[0] === 'like' ? (rest[1] ?? '') : '';
  const rows = [...core.channels.values()].map((channel) => row(core, channel));
  const found = rows.filter((entry) => Object.values(entry).some((value) => value.includes(like)));
  if (rest.at(-1) !== 'json') return `\n${found.length} total.\n`;
  if (found.length === 0) return '{"row_count": 0}\n';
  return JSON.stringify({ row_count: found.length, rows: found });
}

function row(core: SwitchCore, channel: Channel): Record<string, string> {
  const { profile } = channel;
  return {
    uuid: channel.uuid,
    direction: channel.direction,
    name: channel.name,
    state: channel.state,
    cid_name: profile.name,
    cid_num: profile.number,
    ip_addr: '127.0.0.1',
    dest: profile.destination,
    application: channel.variables.get('current_application') ?? '',
    application_data: channel.running?.argument ?? '',
    dialplan: profile.dialplan,
    context: profile.context,
    hostname: core.config.name,
    presence_id: channel.variables.get('presence_id') ?? '',
    callstate: channel.callState,
    call_uuid: channel.peer === undefined ? '' : channel.peer.uuid,
  };
}
