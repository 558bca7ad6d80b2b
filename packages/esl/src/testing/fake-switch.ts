import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { EslCommand } from '../encode.js';
import { CommandReader } from './command-reader.js';

/** Answers a command; false leaves it to the defaults of {@link FakeSwitch}. */
export type Answer = (command: EslCommand, peer: FakePeer) => boolean;

/** One connection to the fake: what came, and the frames to send. */
export class FakePeer {
  readonly commands: EslCommand[] = [];

  constructor(readonly socket: Socket) {}

  get lines(): string[] {
    return this.commands.map((command) => command.line);
  }

  reply(text: string): void {
    this.raw(`Content-Type: command/reply\nReply-Text: ${text}\n\n`);
  }

  api(text: string): void {
    this.raw(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`);
  }

  event(fields: Record<string, string>): void {
    const body = JSON.stringify(fields);
    this.raw(`Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-json\n\n${body}`);
  }

  notice(text: string): void {
    this.raw(`Content-Type: text/disconnect-notice\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`);
  }

  raw(bytes: string): void {
    this.socket.write(bytes);
  }
}

/**
 * An Event Socket on loopback for tests: asks for the password `ClueCon`, says yes to subscriptions, echoes `api echo`,
 * acknowledges `bgapi`; everything else is up to `answer`.
 */
export class FakeSwitch {
  readonly peers: FakePeer[] = [];
  answer: Answer = () => false;
  readonly #server: Server = createServer({ noDelay: true }, (socket) => this.#onSocket(socket));

  #port = 0;

  static async listen(): Promise<FakeSwitch> {
    const fake = new FakeSwitch();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    fake.#port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  /** The port it listens on, or did. */
  get port(): number {
    return this.#port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const peer of this.peers) peer.socket.destroy();
    await closed;
  }

  #onSocket(socket: Socket): void {
    const peer = new FakePeer(socket);
    const reader = new CommandReader();
    this.peers.push(peer);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const command of reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) {
        peer.commands.push(command);
        if (!this.answer(command, peer)) this.#default(command, peer);
      }
    });
    peer.raw('Content-Type: auth/request\n\n');
  }

  #default({ line, headers = [] }: EslCommand, peer: FakePeer): void {
    if (line.startsWith('auth ')) {
      if (line === 'auth ClueCon') return peer.reply('+OK accepted');
      peer.reply('-ERR invalid');
      peer.notice('Disconnected, goodbye.\n');
      peer.socket.end();
    } else if (line.startsWith('event json ')) peer.reply('+OK event listener enabled json');
    else if (line.startsWith('filter ')) peer.reply('+OK filter added.');
    else if (line.startsWith('api echo ')) peer.api(line.slice('api echo '.length));
    else if (line.startsWith('bgapi ')) peer.reply(`+OK Job-UUID: ${new Map(headers).get('Job-UUID') ?? ''}`);
    else peer.reply('-ERR command not found');
  }
}
