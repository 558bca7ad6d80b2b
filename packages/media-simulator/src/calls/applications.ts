import type { Action, Channel } from './channel.js';
import type { Fields } from './channel-fields.js';
import { transferByNumber } from '../sip/sip-calls.js';
import { originate } from './originate.js';
import { applicationFields, type SwitchCore } from './switch-core.js';

/** `nested`: on top of what runs, for a broadcast or `sendmsg`. */
type Place = 'dialplan' | 'nested';

/** An application that takes time: tells what ends it, or nothing when it is over at once. */
type Application = (core: SwitchCore, channel: Channel, argument: string, place: Place) => (() => void) | undefined;

/** One that is over at once. */
const atOnce =
  (run: (core: SwitchCore, channel: Channel, argument: string) => void): Application =>
  (core, channel, argument) => {
    run(core, channel, argument);
    return undefined;
  };

const APPLICATIONS: Readonly<Record<string, Application>> = {
  answer: atOnce((core, channel) => core.answer(channel)),
  set: atOnce((_core, channel, argument) => setVariable(channel, argument)),
  unset: atOnce((_core, channel, argument) => void channel.variables.delete(argument)),
  export: atOnce((_core, channel, argument) => setVariable(channel, argument)),
  hangup: atOnce((core, channel, argument) => core.hangUp(channel, argument === '' ? 'NORMAL_CLEARING' : argument)),
  park: (core, channel, _argument, place) => {
    // On top of the `socket` application it ends at once, and the leg stays parked there.
    if (place === 'nested') return undefined;
    core.park(channel);
    return () => undefined;
  },
  playback: (core, channel, argument, place) => play(core, channel, argument, place),
  endless_playback: (core, channel, argument, place) => play(core, channel, argument, place, true),
  say: (core, channel, argument, place) => play(core, channel, argument, place),
  transfer: (core, channel, argument) => {
    const [target = '', , context] = argument.split(' ');
    transferByNumber(core, channel, target, context);
    return () => undefined;
  },
  sleep: (core, channel, argument, place) => lasting(core, channel, place, Number(argument)),
  bridge: (core, channel, argument) => {
    let over = false;
    const leg = originate(core, argument, channel.profile, (result) => {
      if (over || channel.running === undefined)
        return result.ok ? core.hangUp(result.leg, 'ORIGINATOR_CANCEL') : undefined;
      if (!result.ok) return bridgeFailed(core, channel, result.cause);
      core.answer(channel);
      result.leg.state = 'CS_EXCHANGE_MEDIA';
      core.join(channel, result.leg, false);
    });
    if (leg !== undefined) leg.caller = channel;
    return () => {
      over = true;
      if (leg?.answerState === 'ringing') core.hangUp(leg, 'ORIGINATOR_CANCEL');
    };
  },
  intercept: (core, channel, argument) => {
    const other = core.find(argument.trim());
    if (other === undefined) return undefined;
    core.leave(other);
    other.state = 'CS_EXCHANGE_MEDIA';
    channel.state = 'CS_SOFT_EXECUTE';
    core.join(channel, other, false);
    return () => undefined;
  },
  socket: (core, channel, argument) => {
    const [address = '', ...modes] = argument.split(' ');
    const isAsync = modes.includes('async');
    if (!isAsync) channel.held = [];
    let over = false;
    const close = core.deps.openSocket(channel, address, isAsync, (resume) => {
      if (over) return;
      const asked = channel.held ?? [];
      channel.held = undefined;
      // Whatever the leg was told meanwhile happens now.
      if (asked.length > 0) return asked.forEach((effect) => effect());
      core.leave(channel);
      if (resume || !isAsync) core.advance(channel);
      else core.hangUp(channel, 'NORMAL_CLEARING');
    });
    return () => {
      over = true;
      channel.held = undefined;
      close();
    };
  },
};

/** Runs one application on a leg. One that does not exist hangs the leg up. */
export function runApplication(
  core: SwitchCore,
  channel: Channel,
  [name, written]: Action,
  place: Place,
  uuid?: string,
): void {
  const application = APPLICATIONS[name];
  if (application === undefined) return core.hangUp(channel, 'DESTINATION_OUT_OF_ORDER');
  const { scope, argument } = scoped(written);
  const running = { application: name, argument, applicationUuid: uuid ?? core.deps.newUuid() };
  core.emit('CHANNEL_EXECUTE', channel, { ...scope, ...applicationFields(running) });
  channel.variables.set('current_application', name);
  let stop: () => void = () => undefined;
  const holder = { ...running, stop: () => stop() };
  if (place === 'dialplan') channel.running = holder;
  else channel.nested = holder;
  const started = application(core, channel, argument, place);
  if (started !== undefined) stop = started;
  else if (place === 'dialplan' && channel.running === holder) core.endRunning(channel);
  else if (place === 'nested' && channel.nested === holder) core.endNested(channel);
}

/** `%[name=value,…]` before an argument: variables that last as long as the application, as events show them. */
function scoped(written: string): { readonly scope: Fields; readonly argument: string } {
  const [all = '', variables = ''] = /^%\[([^\]]*)\]/.exec(written) ?? [];
  const pairs = variables.split(',').filter((pair) => pair.includes('='));
  const named = pairs
    .map((pair) => pair.split('='))
    .map(([name = '', value = '']) => [`scope_variable_${name}`, value]);
  return { scope: Object.fromEntries(named) as Fields, argument: written.slice(all.length) };
}

/** Runs an application on top of what runs, behind those that wait already. */
export function runNested(core: SwitchCore, channel: Channel, action: Action, uuid?: string): void {
  const start = (): void => {
    if (channel.isAlive) runApplication(core, channel, action, 'nested', uuid);
  };
  if (channel.nested === undefined) start();
  else channel.waiting.push(start);
}

function setVariable(channel: Channel, argument: string): void {
  const equals = argument.indexOf('=');
  if (equals <= 0) return;
  const [name, value] = [argument.slice(0, equals), argument.slice(equals + 1)];
  if (value === '') channel.variables.delete(name);
  else channel.variables.set(name, value);
}

function play(
  core: SwitchCore,
  channel: Channel,
  argument: string,
  place: Place,
  repeats = false,
): (() => void) | undefined {
  if (argument.startsWith('/nosuch')) return undefined;
  core.emit('PLAYBACK_START', channel, { 'Playback-File-Path': argument });
  const endless =
    repeats ||
    argument.includes('local_stream://') ||
    argument.includes('loops=-1') ||
    argument === 'silence_stream://-1';
  const limitS = Number(channel.variables.get('playback_timeout_sec') ?? Infinity);
  const end = lasting(core, channel, place, Math.min(limitS * 1_000, endless ? Infinity : core.config.soundMs));
  return () => {
    end();
    core.emit('PLAYBACK_STOP', channel, { 'Playback-File-Path': argument, 'Playback-Status': 'done' });
  };
}

/** Ends by itself after a time, and the dial plan goes on. */
function lasting(core: SwitchCore, channel: Channel, place: Place, ms: number): () => void {
  if (ms === Infinity) return () => undefined;
  const timer = core.after(ms, () => {
    if (place === 'nested') return core.endNested(channel);
    core.endRunning(channel);
    core.advance(channel);
  });
  return () => timer.cancel();
}

function bridgeFailed(core: SwitchCore, channel: Channel, cause: string): void {
  channel.variables.set('originate_disposition', cause);
  core.endRunning(channel);
  if (channel.isTrue('continue_on_fail')) core.advance(channel);
  else core.hangUp(channel, cause);
}
