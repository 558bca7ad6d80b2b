import type { Phone } from '../sip/phone.js';
import { Channel, type CallerProfile } from './channel.js';
import { parseDialString } from './dial-string.js';
import type { SwitchCore, Trunk } from './switch-core.js';

export type Originated = { ok: true; leg: Channel } | { ok: false; cause: string };

const DEFAULT_TIMEOUT_S = 60;
const KNOWN_PROFILES = ['internal', 'external'];

/** The hang-up cause of a phone that does not answer. */
const CAUSES = {
  busy: 'USER_BUSY',
  rejects: 'CALL_REJECTED',
  'not-found': 'UNALLOCATED_NUMBER',
  'no-response': 'NO_USER_RESPONSE',
  unreachable: 'NORMAL_TEMPORARY_FAILURE',
} as const;

/** Calls a phone; `done` is told once, when it has answered or will not. Answers the leg, where there is one. */
export function originate(
  core: SwitchCore,
  dialString: string,
  caller: Pick<CallerProfile, 'name' | 'number' | 'context'>,
  done: (result: Originated) => void,
): Channel | undefined {
  const dial = parseDialString(dialString);
  if (dial === undefined) return refuse(done, 'DESTINATION_OUT_OF_ORDER');
  const target = resolve(core, dial.endpoint);
  if (typeof target === 'string') return refuse(done, target);
  const given = dial.variables.get('origination_uuid');
  if (given !== undefined && core.find(given) !== undefined) return refuse(done, 'DESTINATION_OUT_OF_ORDER');
  const uuid = given ?? core.deps.newLegUuid();
  const leg = new Channel(
    uuid,
    'outbound',
    target.channelName,
    target.phone,
    profileOf(target, dial.variables, caller, core.deps.clock.nowMs()),
  );
  for (const [name, value] of dial.variables) leg.variables.set(name, value);
  sipVariables(leg, target, core);
  core.add(leg);
  core.emit('CHANNEL_ORIGINATE', leg);
  ring(core, leg, target, Number(dial.variables.get('originate_timeout') ?? DEFAULT_TIMEOUT_S) * 1_000, done);
  if (target.trunk !== undefined) follow(core, leg, target.user, target.trunk);
  return leg;
}

/** The leg does what the call at the other switch does, and the other way round. */
function follow(core: SwitchCore, leg: Channel, number: string, trunk: Trunk): void {
  core.later(() => {
    if (!leg.isAlive) return;
    const hangUp = trunk.call(number, leg, {
      answered: () => core.later(() => core.ringing.get(leg)?.pickUp()),
      ended: (cause) => core.later(() => core.hangUp(leg, cause)),
    });
    // The caller may have hung up while the other switch took the call.
    if (isAlive(leg)) core.onGone(leg, hangUp);
    else hangUp();
  });
}

function isAlive(leg: Channel): boolean {
  return leg.isAlive;
}

function refuse(done: (result: Originated) => void, cause: string): undefined {
  done({ ok: false, cause });
  return undefined;
}

interface Target {
  readonly phone: Phone;
  readonly profile: string;
  readonly user: string;
  readonly channelName: string;
  readonly reachable: boolean;
  readonly trunk?: Trunk | undefined;
}

function resolve(core: SwitchCore, endpoint: string): Target | string {
  const [kind, ...rest] = endpoint.split('/');
  if (kind === 'user') {
    const user = (rest[0] ?? '').split('@')[0] ?? '';
    const phone = core.phones.get(user);
    if (phone?.registered !== true) return 'SUBSCRIBER_ABSENT';
    return {
      phone,
      profile: 'internal',
      user,
      channelName: `sofia/internal/${user}@${phone.domain}:${phone.port}`,
      reachable: true,
    };
  }
  if (kind !== 'sofia') return 'CHAN_NOT_IMPLEMENTED';
  const [profile = '', address = ''] = rest;
  if (!KNOWN_PROFILES.includes(profile)) return 'INVALID_PROFILE';
  const [user = '', host = ''] = address.split('@');
  const trunk = core.trunks.get(host);
  if (trunk !== undefined) {
    return { phone: trunk.phone, profile, user, channelName: `sofia/${profile}/${address}`, reachable: true, trunk };
  }
  const phone = core.phones.get(user);
  if (phone === undefined) return 'NORMAL_TEMPORARY_FAILURE';
  const port = host.split(':')[1];
  const reachable = port === undefined || Number(port) === phone.port;
  return { phone, profile, user, channelName: `sofia/${profile}/${address}`, reachable };
}

function profileOf(
  { user }: Target,
  variables: ReadonlyMap<string, string>,
  caller: Pick<CallerProfile, 'name' | 'number' | 'context'>,
  nowMs: number,
): CallerProfile {
  const name = variables.get('origination_caller_id_name') ?? caller.name;
  const number = variables.get('origination_caller_id_number') ?? caller.number;
  return {
    username: number,
    dialplan: 'XML',
    name,
    number,
    origName: name,
    origNumber: number,
    calleeName: 'Outbound Call',
    calleeNumber: user,
    ani: number,
    destination: user,
    context: caller.context,
    source: 'mod_sofia',
    createdMs: nowMs,
  };
}

function sipVariables(leg: Channel, { profile, user }: Target, core: SwitchCore): void {
  const { variables, profile: caller } = leg;
  variables.set('is_outbound', 'true');
  variables.set('channel_name', leg.name);
  variables.set('sofia_profile_name', profile);
  variables.set('sip_from_user', caller.number);
  variables.set('sip_from_display', caller.name);
  variables.set('sip_to_user', user);
  variables.set('sip_contact_user', user);
  variables.set('sip_call_id', core.deps.newUuid());
}

function ring(
  core: SwitchCore,
  leg: Channel,
  target: Target,
  timeoutMs: number,
  done: (result: Originated) => void,
): void {
  const { phone } = leg;
  let settled = false;
  const settle = (result: Originated): void => {
    if (settled) return;
    settled = true;
    limit.cancel();
    done(result);
  };
  const limit = core.after(timeoutMs, () => {
    settle({ ok: false, cause: 'NO_ANSWER' });
    core.hangUp(leg, 'NO_ANSWER');
  });
  core.ringing.set(leg, {
    pickUp: () => pickUp(core, leg, settle),
    fail: (cause) => settle({ ok: false, cause }),
  });
  core.onGone(leg, () => core.ringing.delete(leg));
  core.onGone(leg, () => settle({ ok: false, cause: leg.cause ?? 'NORMAL_CLEARING' }));
  core.later(() => {
    if (!leg.isAlive) return;
    const behaviour = target.reachable ? phone.behaviour : ({ kind: 'unreachable' } as const);
    leg.state = 'CS_CONSUME_MEDIA';
    if (behaviour.kind !== 'answers' && behaviour.kind !== 'rings') return core.hangUp(leg, CAUSES[behaviour.kind]);
    core.emit('CHANNEL_PROGRESS', leg);
    leg.callState = 'RINGING';
    const { profile, variables } = leg;
    const alertInfo = variables.get('alert_info') ?? variables.get('sip_h_Alert-Info');
    phone.shown.push({ uuid: leg.uuid, name: profile.origName, number: profile.origNumber, alertInfo });
    if (behaviour.kind === 'rings') return;
    if (behaviour.afterMs === 0) pickUp(core, leg, settle);
    else core.after(behaviour.afterMs, () => pickUp(core, leg, settle));
  });
}

function pickUp(core: SwitchCore, leg: Channel, settle: (result: Originated) => void): void {
  core.ringing.delete(leg);
  if (!leg.isAlive) return;
  core.answer(leg);
  settle({ ok: true, leg });
}
