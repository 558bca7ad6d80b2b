import { runNested } from '../calls/applications.js';
import { bridgeByUuid, parkByUuid } from '../calls/bridging.js';
import type { Channel } from '../calls/channel.js';
import type { SwitchCore } from '../calls/switch-core.js';
import { plain } from '../esl/frames.js';
import { transferByNumber, transferInline } from '../sip/sip-calls.js';
import { unquote, split } from '../calls/dial-string.js';
import { originateByApi } from './originate-command.js';
import { show } from './show-command.js';

type Api = (core: SwitchCore, argument: string) => string | Promise<string>;

const NO_CHANNEL = '-ERR No such channel!\n';

/** Numeric hang-up causes that are used here (Q.850). */
const CAUSES: Readonly<Record<string, string>> = { 16: 'NORMAL_CLEARING', 17: 'USER_BUSY', 21: 'CALL_REJECTED' };

const API: Readonly<Record<string, Api>> = {
  status: (core) => `UP 0 years, 0 days, 0 hours, 0 minutes, 1 seconds\n${core.channels.size} session(s)\n`,
  version: () => 'FreeSWITCH Version 1.11.1-release~64bit ( 64bit)\n',
  hostname: (core) => core.config.name,
  echo: (_core, argument) => argument,
  create_uuid: (core) => core.deps.newUuid(),
  global_getvar: (core, name) => ({ domain: core.config.domain, core_uuid: core.coreUuid })[name] ?? '',
  msleep: (core, ms) => new Promise((resolve) => core.after(Number(ms), () => resolve('+OK'))),
  show,
  originate: originateByApi,
  uuid_exists: (core, uuid) => String(core.find(uuid) !== undefined),
  uuid_kill: onLeg('<uuid> [cause]', (core, channel, [cause = '16']) => {
    core.settleRinging(channel, CAUSES[cause] ?? cause);
    core.hangUp(channel, CAUSES[cause] ?? cause);
    return '+OK\n';
  }),
  uuid_bridge: (core, argument) => {
    const [first, second] = words(argument);
    if (first === undefined || second === undefined) return '-USAGE: <uuid> <other_uuid>\n';
    return bridgeByUuid(core, first, second);
  },
  uuid_park: onLeg('<uuid>', (core, channel) => {
    parkByUuid(core, channel);
    return '+OK\n';
  }),
  uuid_answer: onLeg('<uuid>', (core, channel) => {
    core.answer(channel);
    return '+OK\n';
  }),
  uuid_transfer: (core, argument) => transfer(core, argument),
  uuid_setvar: (core, argument) => {
    const [uuid, name, ...value] = argument.split(' ');
    if (uuid === undefined || name === undefined) return '-USAGE: <uuid> <var> [value]\n';
    const channel = core.find(uuid);
    if (channel === undefined) return NO_CHANNEL;
    setVariable(channel, name, value.join(' '));
    return '+OK\n';
  },
  uuid_setvar_multi: (core, argument) => {
    const blank = argument.indexOf(' ');
    if (blank < 0) return '-ERR no reply\n';
    const channel = core.find(argument.slice(0, blank));
    if (channel === undefined) return `${NO_CHANNEL}-USAGE: <uuid> <var>=<value>;<var>=<value>...\n`;
    for (const pair of split(argument.slice(blank + 1), ';')) {
      const equals = pair.indexOf('=');
      if (equals > 0) setVariable(channel, pair.slice(0, equals), unquote(pair.slice(equals + 1)));
    }
    return '+OK\n';
  },
  uuid_getvar: (core, argument) => {
    const [uuid, name] = words(argument);
    if (uuid === undefined || name === undefined) return '-USAGE: <uuid> <var>\n';
    const channel = core.find(uuid);
    return channel === undefined ? NO_CHANNEL : (channel.variables.get(name) ?? '_undef_');
  },
  uuid_dump: (core, argument) => {
    const [uuid, format] = words(argument);
    if (uuid === undefined) return '-USAGE: <uuid> [format]\n';
    const channel = core.find(uuid);
    if (channel === undefined) return NO_CHANNEL;
    const fields = core.about('CHANNEL_DATA', channel);
    return format === 'json' ? JSON.stringify(fields) : `${plain(fields)}\n`;
  },
  uuid_broadcast: (core, argument) => {
    const [uuid, path] = words(argument);
    if (uuid === undefined || path === undefined) return '-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n';
    const channel = core.find(uuid);
    if (channel === undefined) return '-ERR invalid uuid\n';
    const [application, ...rest] = path.split('::');
    const action = rest.length === 0 ? (['playback', path] as const) : ([application ?? '', rest.join('::')] as const);
    core.later(() => runNested(core, channel, action));
    return '+OK Message sent\n';
  },
  uuid_break: (core, argument) => {
    const channel = core.find(words(argument)[0] ?? '');
    if (channel === undefined) return NO_CHANNEL;
    core.later(() => {
      channel.waiting.length = 0;
      core.endNested(channel);
    });
    return '+OK\n';
  },
  uuid_display: (core, argument) => {
    const blank = argument.indexOf(' ');
    if (blank < 0) return '-USAGE: <uuid> <display>\n';
    const channel = core.find(argument.slice(0, blank));
    if (channel === undefined) return NO_CHANNEL;
    const [name = '', number = ''] = argument.slice(blank + 1).split('|');
    channel.phone.displayed.push({ uuid: channel.uuid, name, number });
    return '+OK Success\n';
  },
  sofia: (core, argument) => (argument === 'recover' ? core.deps.recover() : 'Invalid Profile!\n'),
  fsctl: (core, argument) => core.deps.shutDown(argument),
};

/** Runs an api command as FreeSWITCH would print it. */
export function runApi(core: SwitchCore, line: string): string | Promise<string> {
  const blank = line.indexOf(' ');
  const name = blank < 0 ? line : line.slice(0, blank);
  const api = API[name];
  return api === undefined ? `-ERR ${name} Command not found!\n` : api(core, blank < 0 ? '' : line.slice(blank + 1));
}

function onLeg(usage: string, run: (core: SwitchCore, channel: Channel, rest: readonly string[]) => string): Api {
  return (core, argument) => {
    const [uuid, ...rest] = words(argument);
    if (uuid === undefined) return `-USAGE: ${usage}\n`;
    const channel = core.find(uuid);
    return channel === undefined ? NO_CHANNEL : run(core, channel, rest);
  };
}

function transfer(core: SwitchCore, argument: string): string {
  const [uuid, ...rest] = words(argument);
  const which = rest[0] === '-both' || rest[0] === '-bleg' ? rest.shift() : undefined;
  const [target, dialplan, context] = rest;
  if (uuid === undefined || target === undefined)
    return '-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n';
  const channel = core.find(uuid);
  if (channel === undefined) return NO_CHANNEL;
  const legs = which === undefined ? [channel] : which === '-both' ? [channel.peer, channel] : [channel.peer];
  for (const leg of legs) {
    if (leg === undefined) continue;
    if (dialplan === 'inline') transferInline(core, leg, unquote(target));
    else transferByNumber(core, leg, target, context);
  }
  return '+OK\n';
}

function setVariable(channel: Channel, name: string, value: string): void {
  if (value === '') channel.variables.delete(name);
  else channel.variables.set(name, value);
}

/** Blanks inside single quotes do not separate. */
function words(argument: string): string[] {
  return split(argument, ' ');
}
