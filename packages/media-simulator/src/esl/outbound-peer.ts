import type { EslCommand, EslSocket } from '@parkade/esl';
import type { Channel } from '../calls/channel.js';
import type { SwitchCore } from '../calls/switch-core.js';
import { EslConnection } from './connection.js';
import { channelFrame, GOODBYE, noticeFrame, replyFrame } from './frames.js';

/** A connection that is being opened: as Node's socket tells of it. */
export type OpeningSocket = EslSocket & { readonly connecting: boolean; readonly bytesRead: number };

/**
 * The `socket` application: the switch connects to the application. `async`: the leg waits in park meanwhile, and the
 * connection stays with it wherever it goes; else the leg does nothing until the connection ends, and then its dial plan goes on.
 */
export class OutboundPeer extends EslConnection {
  protected override readonly controlled: string;
  /** Seconds to stay after the leg is gone; `undefined`: not at all. */
  #lingerS: number | undefined;
  #left = false;
  #refused = false;

  constructor(
    core: SwitchCore,
    private readonly channel: Channel,
    private readonly mode: { readonly address: string; readonly isAsync: boolean },
    connect: (target: { readonly host: string; readonly port: number }) => OpeningSocket,
    private readonly ended: (resume: boolean) => void,
  ) {
    const { address, isAsync } = mode;
    const [host = '', port = '0'] = address.split(':');
    const socket = connect({ host, port: Number(port) });
    super(core, socket);
    this.controlled = channel.uuid;
    socket.on('error', () => {
      if (socket.connecting || socket.bytesRead === 0) this.#refused = true;
    });
    socket.on('connect', () => {
      if (!this.#left && isAsync) core.park(channel);
    });
    channel.variables.set('socket_host', host);
  }

  /** The leg does something else now, or is gone. The connection stays as long as the leg lives. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (this.channel.isAlive) this.core.onGone(this.channel, () => this.#legGone());
    else this.#legGone();
  }

  #legGone(): void {
    const seconds = this.#lingerS;
    if (seconds === undefined) {
      this.core.later(() => this.sayGoodbye());
      return;
    }
    this.write(noticeFrame('', 'linger', this.controlled));
    const timer = this.core.after(seconds * 1_000, () => this.sayGoodbye());
    this.socket.on('close', () => timer.cancel());
    this.core.onGone(this.channel, () => {
      timer.cancel();
      this.core.later(() => this.sayGoodbye());
    });
  }

  protected override closed(): void {
    const resumes = this.channel.isTrue('socket_resume');
    if (this.#left) {
      if (!this.mode.isAsync) return;
      if (resumes) this.core.reset(this.channel);
      else this.core.endPark(this.channel);
      return;
    }
    this.#left = true;
    // Nobody listened: the application is over, and the dial plan goes on.
    this.ended(this.#refused || resumes);
  }

  protected override verb(verb: string, argument: string, command: EslCommand): string | undefined {
    const { channel } = this;
    switch (verb) {
      case 'connect':
        return channelFrame(this.core.about('CHANNEL_DATA', channel));
      case 'myevents':
        this.subscription.only = channel.uuid;
        return replyFrame('+OK Events Enabled');
      case 'linger': {
        const seconds = argument === '' ? 60 : Number.parseInt(argument, 10);
        this.#lingerS = Number.isNaN(seconds) ? 0 : seconds;
        return replyFrame(argument === '' ? '+OK will linger' : `+OK will linger ${this.#lingerS} seconds`);
      }
      case 'nolinger':
        this.#lingerS = undefined;
        return replyFrame('+OK will not linger');
      case 'getvar': {
        const value = argument === 'hostname' ? this.core.config.name : channel.variables.get(argument);
        return replyFrame(value ?? '-ERR command not found');
      }
      case 'resume':
        channel.variables.set('socket_resume', 'true');
        return replyFrame('+OK');
      case 'divert_events':
        return replyFrame(argument === 'on' ? '+OK events diverted' : '+OK events not diverted');
      case 'exit':
        this.core.deps.clock.defer(() => this.socket.end(noticeFrame(GOODBYE, 'disconnect', this.controlled)));
        return replyFrame('+OK bye');
      case 'auth':
        return replyFrame('-ERR command not found');
      case 'sendmsg':
        return argument === '' ? replyFrame(this.sendmsg(channel.uuid, command)) : undefined;
      default:
        return undefined;
    }
  }
}
