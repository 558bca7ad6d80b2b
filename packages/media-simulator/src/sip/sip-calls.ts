import { Channel } from '../calls/channel.js';
import type { SwitchCore } from '../calls/switch-core.js';
import type { Phone } from './phone.js';

/** What a phone may write into its INVITE besides the number. */
export interface InviteOptions {
  /** Headers such as `X-Tenant`; they become `sip_h_…` variables, as FreeSWITCH does it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly callerName?: string;
  readonly callerNumber?: string;
  readonly uuid?: string;
  /** The dial plan's context, where it is not the phone's. */
  readonly context?: string;
  /** `Privacy: id`. */
  readonly hidden?: boolean;
}

/** A phone calls a number: the leg is there when this returns, its dial plan runs behind it. */
export function placeCall(core: SwitchCore, phone: Phone, destination: string, options: InviteOptions = {}): Channel {
  const { user, domain } = phone;
  const [name, number] = [options.callerName ?? phone.displayName, options.callerNumber ?? user];
  const leg = new Channel(
    options.uuid ?? core.deps.newLegUuid(),
    'inbound',
    `sofia/internal/${user}@${domain}`,
    phone,
    {
      username: user,
      dialplan: 'XML',
      name,
      number,
      origName: name,
      origNumber: number,
      calleeName: '',
      calleeNumber: '',
      ani: number,
      destination,
      context: options.context ?? phone.context,
      source: 'mod_sofia',
      createdMs: core.deps.clock.nowMs(),
      hidden: options.hidden === true,
    },
  );
  for (const [key, value] of Object.entries(inviteVariables(core, phone, destination, name)))
    leg.variables.set(key, value);
  for (const [header, value] of Object.entries(options.headers ?? {})) leg.variables.set(`sip_h_${header}`, value);
  core.add(leg);
  core.later(() => {
    if (!leg.isAlive) return;
    leg.callState = 'RINGING';
    leg.state = 'CS_EXECUTE';
    route(core, leg, destination);
  });
  return leg;
}

/** Takes a leg to a number; without a route it ends. */
export function route(core: SwitchCore, leg: Channel, destination: string): void {
  const program = core.config.dialplan(destination, leg.profile.context, leg);
  if (program === undefined) return core.hangUp(leg, 'NO_ROUTE_DESTINATION');
  leg.program = program;
  core.advance(leg);
}

export interface ReferOptions {
  /** Whether the phone sends Referred-By; most do. */
  readonly referredBy?: string | undefined;
  /** The Call-ID of the phone's own consulting leg, for an attended transfer. */
  readonly replaces?: string | undefined;
}

/** The phone behind `leg` sends REFER: the other party goes to `target`, and the phone's leg ends. */
export function refer(core: SwitchCore, leg: Channel, target: string, options: ReferOptions = {}): void {
  const other = leg.peer;
  if (other === undefined) return core.hangUp(leg, 'NORMAL_CLEARING');
  const { phone } = leg;
  if (options.referredBy !== undefined) other.variables.set('sip_h_Referred-By', options.referredBy);
  const replaces =
    options.replaces === undefined ? '' : `?Replaces=${encodeURIComponent(`${options.replaces};to-tag=1;from-tag=2`)}`;
  other.variables.set('sip_refer_to', `<sip:${target}@${phone.domain}${replaces}>`);
  transferByNumber(core, other, target);
}

/** A transfer to a number, as `uuid_transfer` and REFER do it. */
export function transferByNumber(core: SwitchCore, leg: Channel, target: string, context = leg.profile.context): void {
  const source = transferSource(core, leg, `${target}/${context}/XML`);
  const rdnis = leg.bridge === undefined ? {} : { rdnis: leg.profile.destination };
  const profile = { destination: target, context, transferSource: source, ...rdnis };
  core.transfer(leg, () => core.config.dialplan(target, context, leg), profile);
}

/** A transfer to a list of applications (`'set:x=y,park:' inline`). */
export function transferInline(core: SwitchCore, leg: Channel, applications: string): void {
  const program = applications.split(',').map((step): [string, string] => {
    const colon = step.indexOf(':');
    return colon < 0 ? [step, ''] : [step.slice(0, colon), step.slice(colon + 1)];
  });
  const source = transferSource(core, leg, `${applications}/${leg.profile.context}/inline`);
  core.transfer(leg, () => program, { dialplan: 'inline', transferSource: source });
}

function transferSource(core: SwitchCore, leg: Channel, to: string): string {
  const source = `${Math.trunc(core.deps.clock.nowMs() / 1_000)}:${core.deps.newUuid()}:bl_xfer:${to}`;
  leg.variables.set('transfer_source', source);
  leg.variables.set('transfer_history', source);
  return source;
}

function inviteVariables(core: SwitchCore, phone: Phone, destination: string, name: string): Record<string, string> {
  const { user, domain, port } = phone;
  const known = phone.authenticated
    ? { sip_authorized: 'true', sip_auth_username: user, sip_auth_realm: domain, user_name: user, domain_name: domain }
    : {};
  return {
    sip_from_user: user,
    sip_from_uri: `${user}@${domain}`,
    sip_from_host: domain,
    ...(name !== user && { sip_from_display: name }),
    channel_name: `sofia/internal/${user}@${domain}`,
    sip_call_id: `${core.deps.newUuid()}@${domain}`,
    sip_network_ip: '127.0.0.1',
    sip_network_port: String(port),
    sofia_profile_name: 'internal',
    sofia_profile_url: `sip:mod_sofia@${domain}:5060`,
    recovery_profile_name: 'internal',
    sip_req_user: destination,
    sip_to_user: destination,
    sip_to_uri: `${destination}@${domain}`,
    sip_contact_user: user,
    sip_user_agent: 'TestPhone/1.0',
    presence_id: `${user}@${domain}`,
    ...known,
  };
}
