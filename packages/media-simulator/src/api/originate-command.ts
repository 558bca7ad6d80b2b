import { originate } from '../calls/originate.js';
import { split } from '../calls/dial-string.js';
import type { Action } from '../calls/channel.js';
import type { SwitchCore } from '../calls/switch-core.js';

const USAGE =
  '-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n';

/** `originate`: answers when the phone has answered, or will not. */
export function originateByApi(core: SwitchCore, argument: string): string | Promise<string> {
  const [dialString, target, , context = 'default'] = split(argument, ' ');
  if (dialString === undefined || target === undefined) return USAGE;
  return new Promise((resolve) => {
    originate(core, dialString, { name: '', number: '0000000000', context }, (result) => {
      if (!result.ok) return resolve(`-ERR ${result.cause}\n`);
      const { leg } = result;
      resolve(`+OK ${leg.uuid}\n`);
      core.later(() => {
        if (!leg.isAlive) return;
        leg.state = 'CS_EXECUTE';
        leg.turnCallerIds();
        leg.program = programOf(core, target, context);
        core.advance(leg);
      });
    });
  });
}

function programOf(core: SwitchCore, target: string, context: string): readonly Action[] {
  const application = /^&([^(]+)(?:\((.*)\))?$/.exec(target);
  if (application !== null) return [[application[1] ?? '', application[2] ?? '']];
  return core.config.dialplan(target, context) ?? [];
}
