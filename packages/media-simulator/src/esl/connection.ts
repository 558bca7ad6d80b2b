// One Event Socket connection of the simulated switch, whichever side opened it.
//   N1. Commands are answered one after the other; one that takes time holds up all behind it, and the events too.
//   N2. Events leave in the order they happened.
import { CommandReader } from '@parkade/esl/testing';
import type { EslCommand, EslSocket } from '@parkade/esl';
import { runApi } from '../api/api-commands.js';
import { runNested } from '../calls/applications.js';
import type { SwitchCore } from '../calls/switch-core.js';
import type { SwitchEvent } from '../calls/switch-events.js';
import { apiFrame, eventFrame, GOODBYE, noticeFrame, replyFrame } from './frames.js';
import { EventSubscription } from './subscription.js';

export abstract class EslConnection {
  protected readonly subscription = new EventSubscription();
  readonly #reader = new CommandReader();
  readonly #queue: EslCommand[] = [];
  /** Written while an api command runs. */
  #held: string[] | undefined;
  #busy = false;
  readonly #unlisten: () => void;

  constructor(
    protected readonly core: SwitchCore,
    readonly socket: EslSocket,
  ) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.sayGoodbye());
    this.#unlisten = core.events.onEvent((event) => this.#onEvent(event));
    socket.on('close', () => {
      this.#unlisten();
      this.closed();
    });
  }

  /** Answers a verb; `undefined`: command not found. */
  protected abstract verb(verb: string, argument: string, command: EslCommand): string | undefined;

  /** The leg this connection controls. */
  protected readonly controlled: string | undefined = undefined;

  /** The socket is gone. */
  protected closed(): void {
    return;
  }

  /** Goodbye, then the end. */
  sayGoodbye(text = GOODBYE): void {
    if (!this.socket.writable) return;
    this.socket.end(noticeFrame(text, 'disconnect', this.controlled));
  }

  #onEvent(event: SwitchEvent): void {
    if (!this.subscription.mayWant(event.name, event.uuid)) return;
    const fields = event.fields();
    if (this.subscription.wants(fields)) this.write(eventFrame(this.subscription.format, fields, undefined));
  }

  /** Behind a running api command, else with all that is written in this turn: a system call for each event was half of the cost. */
  protected write(text: string): void {
    if (this.#held !== undefined) this.#held.push(text);
    else if (this.socket.writable) {
      if (this.socket.writableCorked === 0) {
        this.socket.cork();
        this.core.deps.clock.defer(() => this.socket.uncork());
      }
      this.socket.write(text);
    }
  }

  #onData(chunk: Buffer): void {
    try {
      this.#queue.push(...this.#reader.push(chunk));
    } catch {
      this.socket.destroy();
      return;
    }
    void this.#drain();
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let command = this.#queue.shift(); command !== undefined; command = this.#queue.shift()) {
      await this.#answer(command);
    }
    this.#busy = false;
  }

  async #answer(command: EslCommand): Promise<void> {
    const blank = command.line.indexOf(' ');
    const verb = blank < 0 ? command.line : command.line.slice(0, blank);
    const argument = blank < 0 ? '' : command.line.slice(blank + 1);
    const mine = this.verb(verb, argument, command);
    if (mine !== undefined) this.write(mine);
    else if (verb.toLowerCase() === 'api' && argument !== '') await this.#api(argument);
    else this.write(this.#common(verb, argument, command));
  }

  async #api(line: string): Promise<void> {
    const result = runApi(this.core, line);
    if (typeof result === 'string') return this.write(apiFrame(result));
    this.#held = [];
    const text = await result;
    const held = this.#held;
    this.#held = undefined;
    this.write(apiFrame(text));
    for (const frame of held) this.write(frame);
  }

  #common(verb: string, argument: string, command: EslCommand): string {
    const { subscription } = this;
    const words = argument.split(' ').filter((word) => word !== '');
    switch (verb) {
      case 'bgapi':
        return argument === '' ? replyFrame('-ERR command not found') : this.#bgapi(argument, command);
      case 'event':
        return replyFrame(subscription.add(words));
      case 'nixevent':
        subscription.remove(words);
        return replyFrame('+OK events nixed');
      case 'noevents':
        subscription.clear();
        return replyFrame('+OK no longer listening for events');
      case 'filter':
        return replyFrame(subscription.filter(argument));
      case 'sendmsg':
        return replyFrame(this.sendmsg(argument, command));
      case 'sendevent':
        return replyFrame(this.#sendevent(argument, command));
      default:
        return replyFrame('-ERR command not found');
    }
  }

  #bgapi(line: string, command: EslCommand): string {
    const job = header(command, 'Job-UUID') ?? this.core.deps.newUuid();
    const [name = '', ...rest] = line.split(' ');
    void Promise.resolve(runApi(this.core, line)).then((text) => {
      const fields = {
        ...this.core.common('BACKGROUND_JOB'),
        'Job-UUID': job,
        'Job-Command': name,
        ...(rest.length > 0 && { 'Job-Command-Arg': rest.join(' ') }),
      };
      if (this.subscription.wants(fields)) this.write(eventFrame(this.subscription.format, fields, text));
    });
    return replyFrame(`+OK Job-UUID: ${job}`, `Job-UUID: ${job}\n`);
  }

  protected sendmsg(uuid: string, command: EslCommand): string {
    const channel = this.core.find(uuid);
    if (channel === undefined) return `-ERR invalid session id [${uuid}]`;
    const what = header(command, 'call-command');
    if (what === 'hangup') {
      this.core.later(() => this.core.hangUp(channel, header(command, 'hangup-cause') ?? 'NORMAL_CLEARING'));
    } else if (what === 'execute') {
      const application = header(command, 'execute-app-name') ?? '';
      const argument = header(command, 'execute-app-arg') ?? command.body ?? '';
      this.core.later(() => runNested(this.core, channel, [application, argument], header(command, 'Event-UUID')));
    }
    return '+OK';
  }

  #sendevent(name: string, command: EslCommand): string {
    const headers = Object.fromEntries(command.headers ?? []);
    const known = name === 'PRESENCE_IN' || name === 'NOTIFY' ? name : 'CUSTOM';
    const body = command.body === undefined ? {} : { _body: command.body };
    this.core.later(() => this.core.emit(known, undefined, { ...headers, ...body, 'Event-Name': known }));
    return `+OK ${this.core.deps.newUuid()}`;
  }
}

/** A header of a command. */
export function header(command: EslCommand, name: string): string | undefined {
  return command.headers?.find(([key]) => key === name)?.[1];
}
