// One media node as its owner commands it.
//   N1. Nothing is written unless the node is owned at that moment (`mayWrite`, asked by the connection before each write).
//   N2. "+OK" is believed of reads alone; every effect is confirmed by its event, waited for since before the command, or by a look.
//   N3. Nothing here rejects; undefined means that it is not known.
//   N4. As long as calls may come back that the switch had before it crashed, one that is not there is not known to be gone.
import type { Clock } from '@parkade/clock';
import type { EslCommand, EslEvent, EslHeaders, InboundConnection } from '@parkade/esl';
import { EslHeaders as Headers, executeCommand } from '@parkade/esl';
import { EventWaits } from './event-waits.js';
import { Releases } from './releases.js';
import { RINGING_TONE } from './tones.js';
import { isLeaving, isParked } from './standing.js';
import { TOLD } from './subscription.js';
import { isLegId, isWord, listVariable } from './values.js';

/** Times of what is waited for, in milliseconds. */
export interface SwitchLimits {
  /** For an effect that takes no human: a park, a bridge. */
  readonly effectMs: number;
  /** For an answer of the switch. */
  readonly replyMs: number;
}

/** What of a connection the commands here need. */
export type SwitchCommands = Pick<InboundConnection, 'api' | 'bgapi' | 'command' | 'nudge' | 'isUp'>;

/** How a leg stands: `unknown` when the switch could not be asked. */
export type Look =
  { readonly kind: 'leg'; readonly headers: EslHeaders } | { readonly kind: 'gone' } | { readonly kind: 'unknown' };

/** A leg as it was when it was looked at. */
export interface SeenLeg {
  readonly legId: string;
  readonly answered: boolean;
  /** It stands in a park that `uuid_park` has made; another one there would end that park, and make none. */
  readonly inPark: boolean;
  /** The switch's count of events then: what is told of the leg with a higher one came after it. */
  readonly seenAt: number;
}

/** What a look at a leg shows of it. */
export function seenLeg(legId: string, headers: EslHeaders): SeenLeg {
  const answered = headers.get('Answer-State') === 'answered';
  const inPark = headers.get('Channel-State') === 'CS_PARK';
  return { legId, answered, inPark, seenAt: Number(headers.get('Event-Sequence') ?? 0) };
}

export class NodeSwitch {
  readonly waits: EventWaits;
  /** Legs that the switch was told to take out of the dial plan's `socket` application. */
  readonly releases: Releases;
  /** Whether the switch may bring calls back (N4). */
  mayRecover = false;
  /** Parked calls that are being joined. */
  readonly joining = new Set<string>();

  constructor(
    readonly name: string,
    private readonly connection: SwitchCommands,
    private readonly limits: SwitchLimits,
    clock: Clock,
  ) {
    this.waits = new EventWaits(clock, () => connection.nudge());
    this.releases = new Releases(clock);
  }

  get isUp(): boolean {
    return this.connection.isUp;
  }

  /** Whether a leg exists; undefined: not known. */
  async exists(uuid: string): Promise<boolean | undefined> {
    const text = await this.read('uuid_exists', uuid);
    return text === 'true' ? true : text === 'false' && !this.mayRecover ? false : undefined;
  }

  async look(uuid: string): Promise<Look> {
    if (!isLegId(uuid)) return { kind: 'gone' };
    const result = await this.connection.api('uuid_dump', `${uuid} json`, this.limits.replyMs);
    if (!result.ok) {
      const isGone = result.reason === 'refused' && isNoChannel(result.text) && !this.mayRecover;
      return { kind: isGone ? 'gone' : 'unknown' };
    }
    const headers = headersOf(result.reply.text);
    return headers === undefined ? { kind: 'unknown' } : { kind: 'leg', headers };
  }

  /** Sets variables of a leg; an empty value unsets. Whether the switch has them. */
  async setVariables(uuid: string, variables: Readonly<Record<string, string>>): Promise<boolean> {
    const pairs = Object.entries(variables).map(([name, value]) => `${name}=${listVariable(value)}`);
    return this.say('uuid_setvar_multi', `${uuid} ${pairs.join(';')}`);
  }

  async variable(uuid: string, name: string): Promise<string | undefined> {
    const text = await this.read('uuid_getvar', `${uuid} ${name}`);
    return text === '_undef_' ? undefined : text;
  }

  /** Every leg with the application it runs; undefined: not known. */
  async legs(): Promise<ReadonlyMap<string, string> | undefined> {
    const text = await this.read('show', 'channels as json');
    return text === undefined ? undefined : legsOf(text);
  }

  /**
   * Brings a leg into the switch's own park, out of whatever it does; `answer`: answered before that. A park that was told
   * of before the leg was looked at is never taken for it.
   */
  async park({ legId, answered, inPark, seenAt }: SeenLeg, answer: boolean): Promise<'parked' | 'gone' | 'failed'> {
    if (!isLegId(legId)) return 'failed';
    const waited = this.waits.wait<'parked' | 'gone'>(this.limits.effectMs, (event) => {
      if (event.channelUuid !== legId) return undefined;
      if (event.name === 'CHANNEL_HANGUP') return 'gone';
      return event.name === 'CHANNEL_PARK' && Number(event.get('Event-Sequence')) > seenAt ? 'parked' : undefined;
    });
    const steps = `${answer && !answered ? 'answer:,' : ''}park:`;
    const taken =
      inPark || (answer && !answered)
        ? await this.move(legId, 'uuid_transfer', `${legId} '${steps}' inline`)
        : await this.move(legId, 'uuid_park', legId);
    if (!taken && !(await this.goes(legId))) waited.end();
    const seen = await waited.result;
    if (seen !== undefined) return seen;
    // It may have been told too late, or not at all: what the leg shows counts as much (N2).
    const found = await this.look(legId);
    if (found.kind === 'gone') return 'gone';
    return found.kind === 'leg' && isParked(found.headers) ? 'parked' : 'failed';
  }

  /** For a leg left alone by a bridge that did not come about, whatever state that left it in. */
  async rescue(uuid: string): Promise<'parked' | 'gone' | 'failed'> {
    const waited = this.waits.wait<'parked' | 'gone'>(this.limits.effectMs, (event) => {
      if (event.channelUuid !== uuid) return undefined;
      return event.name === 'CHANNEL_PARK' ? 'parked' : event.name === 'CHANNEL_HANGUP' ? 'gone' : undefined;
    });
    if (!(await this.move(uuid, 'uuid_transfer', `${uuid} 'park:' inline`))) waited.end();
    return (await waited.result) ?? ((await this.exists(uuid)) === false ? 'gone' : 'failed');
  }

  /** Joins two answered legs; `b` dying takes `a` with it, so `b` is the one that must live. Whether they talk. */
  async bridge(a: string, b: string): Promise<boolean> {
    const waited = this.waits.wait<boolean>(this.limits.effectMs, (event) => bridgeNews(event, a, b));
    if (!(await this.say('uuid_bridge', `${a} ${b}`))) waited.end();
    return (await waited.result) ?? false;
  }

  /** Sends a leg to a number of the dial plan. `done` when its dial plan runs, or it left park and lives on. */
  async transfer(uuid: string, destination: string, context: string): Promise<'done' | 'gone' | 'failed'> {
    if (!isWord(destination) || (context !== '' && !isWord(context))) return 'failed';
    const waited = this.waits.wait<'done' | 'gone'>(this.limits.effectMs, (event) => {
      if (event.channelUuid !== uuid) return undefined;
      return event.name === 'CHANNEL_EXECUTE' ? 'done' : event.name === 'CHANNEL_HANGUP' ? 'gone' : undefined;
    });
    const where = context === '' ? '' : ` XML ${context}`;
    await this.setVariables(uuid, TOLD);
    if (!(await this.move(uuid, 'uuid_transfer', `${uuid} ${destination}${where}`))) waited.end();
    return (await waited.result) ?? ((await this.exists(uuid)) === false ? 'gone' : 'failed');
  }

  /** Answers a leg and calls somewhere else for it; whether the two are connected within `limitMs`. */
  async sendOut(uuid: string, dialString: string, limitMs: number): Promise<boolean> {
    if (!isLegId(uuid) || !isWord(dialString) || dialString.includes(',')) return false;
    const waited = this.waits.wait<boolean>(limitMs, (event) => {
      if (event.channelUuid !== uuid) return undefined;
      return event.name === 'CHANNEL_BRIDGE' ? true : event.name === 'CHANNEL_HANGUP' ? false : undefined;
    });
    const steps = `answer:,set:hangup_after_bridge=true,bridge:${dialString}`;
    if (!(await this.move(uuid, 'uuid_transfer', `${uuid} '${steps}' inline`))) waited.end();
    return (await waited.result) ?? false;
  }

  /**
   * Has a leg hear a sound from now on: a path, or `application::argument`. One that is missing is passed over by the switch. It is the
   * message that the switch makes of `uuid_broadcast`, without `lead-frames`: they are 100 to 200 ms of silence first.
   */
  async play(uuid: string, sound: string): Promise<boolean> {
    if (!isLegId(uuid) || !isSound(sound)) return false;
    const [, application = 'playback', argument = ''] = /^(?:(\w+)::)?(.*)$/.exec(sound) ?? [];
    const command = executeCommand(application, argument, { channelUuid: uuid, eventLock: true });
    return (await this.connection.command(command, this.limits.replyMs)).ok;
  }

  /** Says something to a phone that has just answered: a little later, so that nothing of it is lost on the way. */
  announce(uuid: string, sound: string): Promise<boolean> {
    return isSound(sound) ? this.say('uuid_broadcast', `${uuid} ${sound} aleg`) : Promise.resolve(false);
  }

  /**
   * Has the switch play a sound to a leg, at most `limitMs`, and end it: whatever becomes of us meanwhile. Whether the switch
   * took it.
   */
  playAndEnd(uuid: string, path: string, limitMs: number): Promise<boolean> {
    if (!isWord(path) || path.includes(',') || !isLegId(uuid)) return Promise.resolve(false);
    const limit = `set:playback_timeout_sec=${Math.ceil(limitMs / 1_000)}`;
    return this.move(uuid, 'uuid_transfer', `${uuid} '${limit},playback:${path},hangup:NORMAL_CLEARING' inline`);
  }

  /** Ends what plays on a leg. */
  silence(uuid: string): Promise<boolean> {
    return this.say('uuid_break', `${uuid} all`);
  }

  /** Shows another party on a leg's phone; phones that cannot are passed over by the switch. */
  display(uuid: string, name: string, number: string): Promise<boolean> {
    return this.say('uuid_display', `${uuid} ${listVariable(name)}|${listVariable(number)}`);
  }

  /** The instance of the switch: another one after each start; undefined: not known. */
  instance(): Promise<string | undefined> {
    return this.read('global_getvar', 'core_uuid');
  }

  kill(uuid: string, cause: string): Promise<boolean> {
    return this.move(uuid, 'uuid_kill', `${uuid} ${cause}`);
  }

  /** Calls a phone and parks it when it answers; resolves when it has, or will not. `text` is what FreeSWITCH printed. */
  async originate(
    dialString: string,
    limitMs: number,
  ): Promise<{ ok: true } | { ok: false; text: string | undefined }> {
    const result = await this.connection.bgapi('originate', `${dialString} &park()`, limitMs);
    if (result.ok) return { ok: true };
    return { ok: false, text: result.reason === 'refused' ? result.text : undefined };
  }

  /** Fires an event inside the switch (`sendevent`). Whether it was taken. */
  async fire(event: EslCommand): Promise<boolean> {
    return (await this.connection.command(event, this.limits.replyMs)).ok;
  }

  /** `sofia recover`: what a crashed switch had comes back. */
  recover(): Promise<boolean> {
    return this.say('sofia', 'recover');
  }

  /** The answer to a command that changes nothing; undefined: none, or the leg is gone. */
  private async read(command: string, argument: string): Promise<string | undefined> {
    const result = await this.connection.api(command, argument, this.limits.replyMs);
    return result.ok ? result.reply.text : undefined;
  }

  /** As `say`, for what takes a leg out of whatever it does: whoever holds it in the dial plan may let it go then. */
  private async move(uuid: string, command: string, argument: string): Promise<boolean> {
    const taken = await this.say(command, argument);
    if (taken) this.releases.tell(uuid);
    return taken;
  }

  /** Whether a leg is being let go, where the answer to the command that takes it out of its dial plan was not heard. */
  private async goes(uuid: string): Promise<boolean> {
    const found = await this.look(uuid);
    const isGoing = found.kind === 'leg' && isLeaving(found.headers);
    if (isGoing) this.releases.tell(uuid);
    return isGoing;
  }

  /** Whether the switch took a command. */
  private async say(command: string, argument: string): Promise<boolean> {
    return (await this.connection.api(command, argument, this.limits.replyMs)).ok;
  }
}

/** Whether an event says that `a` and `b` talk (true) or will not (false). */
function bridgeNews(event: EslEvent, a: string, b: string): boolean | undefined {
  const about = event.channelUuid;
  if (event.name === 'CHANNEL_HANGUP' && (about === a || about === b)) return false;
  if (event.name !== 'CHANNEL_BRIDGE') return undefined;
  const other = event.get('Other-Leg-Unique-ID');
  return (about === a && other === b) || (about === b && other === a) ? true : undefined;
}

/** Whether the switch can be told to play it. */
function isSound(sound: string): boolean {
  return isWord(sound) || sound === RINGING_TONE;
}

function isNoChannel(text: string): boolean {
  return text.startsWith('-ERR No such channel');
}

function headersOf(text: string): EslHeaders | undefined {
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === 'object' && fields !== null ? new Headers(fields as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function legsOf(text: string): ReadonlyMap<string, string> | undefined {
  try {
    const { rows = [] } = JSON.parse(text) as { rows?: readonly { uuid?: string; application?: string }[] };
    return new Map(rows.map(({ uuid = '', application = '' }) => [uuid, application]));
  } catch {
    return undefined;
  }
}
