import { type ChannelInterface, Metadata, status } from '@grpc/grpc-js';
import type { Timer } from '@parkade/clock';
import type { Host } from '../world/host.js';
import type { Connection } from './connection.js';
import type { OpenedCall } from './listener.js';
import type { Ended, ServerEnd } from './server-call.js';

export type Call = ReturnType<ChannelInterface['createCall']>;
type Listener = Parameters<Call['start']>[1];
type MessageContext = Parameters<Call['sendMessageWithContext']>[0];

/**
 * One call of a client, on a connection once there is one.
 *
 *   S1. Its status is told once, after every message that came before it; a message is told for each `startRead`.
 *   S2. What is written before there is a connection waits for it.
 */
export class SimCall implements Call {
  metadata: Metadata | undefined;
  #listener: Listener | undefined;
  #connection: Connection | undefined;
  #remote: OpenedCall | undefined;
  #unsent: ((remote: OpenedCall) => void)[] = [];
  readonly #received: Buffer[] = [];
  #reads = 0;
  #ended: Ended | undefined;
  #over = false;
  #deadline: Timer | undefined;
  #endBroken: () => void = () => undefined;

  constructor(
    readonly path: string,
    readonly timeoutMs: number,
    private readonly host: Host,
    private readonly address: string,
    private readonly begin: (call: SimCall) => void,
  ) {}

  start(metadata: Metadata, listener: Listener): void {
    this.metadata = metadata;
    this.#listener = listener;
    if (this.timeoutMs !== Infinity) {
      this.#deadline = this.host.after(Math.max(0, this.timeoutMs), () =>
        this.cancelWithStatus(status.DEADLINE_EXCEEDED, 'Deadline exceeded'),
      );
    }
    this.begin(this);
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    this.#send((remote) => remote.message(message));
    const { callback } = context;
    if (callback !== undefined) process.nextTick(callback);
  }

  halfClose(): void {
    this.#send((remote) => remote.halfClosed());
  }

  startRead(): void {
    this.#reads++;
    this.#tell();
  }

  cancelWithStatus(code: status, details: string): void {
    if (this.#over || this.#ended !== undefined) return;
    const connection = this.#connection;
    if (connection?.open === true) connection.send('client', () => this.#remote?.cancelled());
    this.#received.length = 0;
    this.#end({ code, details });
  }

  /** It never reached anybody. */
  fail(code: status, details: string): void {
    this.host.after(0, () => this.#end({ code, details }));
  }

  /** There is a connection: `open` begins the call at its other side. */
  carriedBy(connection: Connection, open: (end: ServerEnd) => OpenedCall): void {
    if (this.#over || this.#ended !== undefined) return;
    this.#connection = connection;
    let remote: OpenedCall | undefined;
    const endServer = connection.onBroken('server', () => remote?.cancelled());
    this.#endBroken = connection.onBroken('client', (cause) => this.#end({ code: status.UNAVAILABLE, details: cause }));
    const end: ServerEnd = {
      message: (bytes) => connection.send('server', () => this.#receive(bytes), true),
      ended: (ended) => {
        endServer();
        connection.send('server', () => this.#end(ended));
      },
    };
    connection.send('client', () => {
      remote = open(end);
      this.#remote = remote;
    });
    for (const fn of this.#unsent.splice(0)) this.#send(fn);
  }

  getPeer(): string {
    return this.address;
  }

  getCallNumber(): number {
    return 0;
  }

  setCredentials(): void {
    return;
  }

  getAuthContext(): null {
    return null;
  }

  #send(fn: (remote: OpenedCall) => void): void {
    if (this.#over) return;
    if (this.#connection === undefined) {
      this.#unsent.push(fn);
      return;
    }
    this.#connection.send('client', () => {
      if (this.#remote !== undefined) fn(this.#remote);
    });
  }

  #receive(bytes: Buffer): void {
    if (this.#over || this.#ended !== undefined) return;
    this.#received.push(bytes);
    this.#tell();
  }

  #end(ended: Ended): void {
    if (this.#over || this.#ended !== undefined) return;
    this.#ended = ended;
    this.#deadline?.cancel();
    this.#endBroken();
    this.#tell();
  }

  #tell(): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    while (this.#reads > 0 && !this.#over) {
      const bytes = this.#received.shift();
      if (bytes === undefined) break;
      this.#reads--;
      listener.onReceiveMessage(bytes);
    }
    if (this.#ended === undefined || this.#received.length > 0 || this.#over) return;
    this.#over = true;
    const { code, details, metadata } = this.#ended;
    listener.onReceiveStatus({ code, details, metadata: metadata ?? new Metadata() });
  }
}
