/** What the suite is told of the switches it runs against. */
export interface SwitchSettings {
  /** Their Event Sockets. */
  readonly eventSockets: readonly { readonly host: string; readonly port: number }[];
  readonly password: string;
  /** `host:port` of the profile of phones, one for each switch; absent: the switch is asked. */
  readonly sipAddresses: readonly string[] | undefined;
  /** The profile of phones. */
  readonly profile: string;
  /** The address of this machine that switches reach phones and media processes at. */
  readonly localHost: string;
  /** Users of the directory, at least five, whose password is `userPassword` or else the stock `default_password`. */
  readonly users: readonly string[];
  readonly userPassword: string | undefined;
  /** A command that ends the switches as a crash does and starts them again; absent: they are told to restart. */
  readonly restartCommand: string | undefined;
  /** Whether the profile of phones has `track-calls`, and the command ends switches as a crash does. */
  readonly tracksCalls: boolean;
}

const HELP = `This suite needs a real FreeSWITCH that serves nobody else, set up with deploy/freeswitch:

  FREESWITCH_ESL=host:port[,host:port]   the Event Sockets; with two switches calls are fetched across them
  FREESWITCH_PASSWORD=ClueCon            their password
  FREESWITCH_SIP=host:port[,host:port]   where phones register; default: as the switch says of its profile
  FREESWITCH_PROFILE=internal            the SIP profile of phones
  FREESWITCH_LOCAL=127.0.0.1             this machine, as the switches reach it
  FREESWITCH_USERS=1001,1002,1003,1004,1005   users of the directory
  FREESWITCH_USER_PASSWORD=…             theirs; default: the switch's default_password
  FREESWITCH_RESTART=command             ends and starts all switches; default: "fsctl shutdown restart"
  FREESWITCH_TRACKS_CALLS=true           the profile has track-calls, and the command is a crash: calls are recovered

See deploy/freeswitch/README.md.`;

/** Reads the environment; throws what is wrong with it, with the settings there are. */
export function readSwitchSettings(env: NodeJS.ProcessEnv): SwitchSettings {
  const faults: string[] = [];
  const addresses = (name: string): readonly { host: string; port: number }[] =>
    list(env[name]).map((text) => {
      const [, host = '', port = ''] = /^([^:\s]+):(\d{1,5})$/.exec(text) ?? [];
      if (host === '') faults.push(`${name}: ${text} is no host:port`);
      return { host, port: Number(port) };
    });
  const eventSockets = addresses('FREESWITCH_ESL');
  const sip = addresses('FREESWITCH_SIP');
  if (eventSockets.length === 0) faults.push('FREESWITCH_ESL is not set');
  if (sip.length > 0 && sip.length !== eventSockets.length) faults.push('FREESWITCH_SIP must name as many switches');
  const users = env['FREESWITCH_USERS'] === undefined ? STOCK_USERS : list(env['FREESWITCH_USERS']);
  if (users.length < STOCK_USERS.length) faults.push(`FREESWITCH_USERS must name ${STOCK_USERS.length} users`);
  if (faults.length > 0) throw new Error(`${faults.join('\n')}\n\n${HELP}`);
  return {
    eventSockets,
    password: env['FREESWITCH_PASSWORD'] ?? 'ClueCon',
    sipAddresses: sip.length === 0 ? undefined : sip.map(({ host, port }) => `${host}:${port}`),
    profile: env['FREESWITCH_PROFILE'] ?? 'internal',
    localHost: env['FREESWITCH_LOCAL'] ?? '127.0.0.1',
    users,
    userPassword: env['FREESWITCH_USER_PASSWORD'],
    restartCommand: env['FREESWITCH_RESTART'],
    tracksCalls: env['FREESWITCH_TRACKS_CALLS'] === 'true',
  };
}

const STOCK_USERS = ['1001', '1002', '1003', '1004', '1005'];

function list(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
