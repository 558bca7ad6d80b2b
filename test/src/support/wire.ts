import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Lane } from './lane.js';

/** What a wire does as long as it is told to. */
export type Lasting =
  /** Nobody listens: connections are reset, new ones refused (reset at once, where it strikes some sources only). */
  | { readonly kind: 'refuse' }
  /** Nothing passes, nothing is closed; what was sent meanwhile arrives when it is over, as after a partition. */
  | { readonly kind: 'swallow' }
  /** Everything takes so much longer, each way. */
  | { readonly kind: 'delay'; readonly ms: number };

interface Rule {
  readonly from: string | undefined;
  readonly fault: Lasting;
}

interface Connection {
  readonly near: Socket;
  readonly far: Socket;
  readonly nearPort: number;
  readonly there: Lane;
  readonly back: Lane;
  /** Who opened it; looked up when a fault first asks. */
  from: { readonly name: string | undefined } | undefined;
  /** The answer to the next request is to be lost; while it is being lost, nothing comes back. */
  reply: 'passes' | 'armed' | 'lost';
}

/** Less than that is no request. */
const REQUEST_BYTES = 40;
/** From a request whose answer is lost until its connection breaks. */
const BREAKS_AFTER_MS = 150;

/** Stands in front of one part, on a loopback address that it keeps. Faults may be limited to who opened the connection. */
export class Wire {
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #rules: Rule[] = [];
  #port = 0;

  private constructor(
    private readonly host: string,
    private readonly targetPort: number,
    private readonly nameOf: (nearPort: number, wirePort: number) => string | undefined,
  ) {}

  static async open(
    host: string,
    port: number,
    targetPort: number,
    nameOf: (nearPort: number, wirePort: number) => string | undefined,
  ): Promise<Wire> {
    const wire = new Wire(host, targetPort, nameOf);
    wire.#port = port;
    await wire.#listen();
    return wire;
  }

  get address(): string {
    return `${this.host}:${this.#port}`;
  }

  /** Resets every connection that is open, once; new ones pass. */
  cut(from?: string): void {
    for (const one of this.#of(from)) reset(one);
  }

  /** Of every connection the answer to the next request is lost, and the connection then breaks. */
  dropReply(from?: string): void {
    for (const one of this.#of(from)) if (one.reply === 'passes') one.reply = 'armed';
  }

  /** Begins a fault that lasts until `heal`. */
  async begin(fault: Lasting, from?: string): Promise<void> {
    this.#rules.push({ from, fault });
    if (fault.kind === 'refuse') {
      if (from === undefined) await this.#close();
      else for (const one of this.#of(from)) reset(one);
    }
    for (const one of this.#connections) this.#apply(one);
  }

  /** Ends every fault. What was swallowed is delivered now, where its connection still stands. */
  async heal(): Promise<void> {
    this.#rules = [];
    if (this.#server === undefined) await this.#listen();
    for (const one of this.#connections) this.#apply(one);
  }

  async stop(): Promise<void> {
    this.#rules = [];
    await this.#close();
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (near) => this.#joined(near));
    server.listen(this.#port, this.host);
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    for (const one of [...this.#connections]) reset(one);
    await closed;
  }

  #joined(near: Socket): void {
    const far = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const one: Connection = {
      near,
      far,
      nearPort: near.remotePort ?? 0,
      there: new Lane(near, far),
      back: new Lane(far, near),
      from: undefined,
      reply: 'passes',
    };
    this.#connections.add(one);
    near.on('data', (chunk: Buffer) => {
      if (one.reply === 'armed' && chunk.length >= REQUEST_BYTES) {
        one.reply = 'lost';
        setTimeout(() => reset(one), BREAKS_AFTER_MS);
      }
      one.there.push(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      if (one.reply !== 'lost') one.back.push(chunk);
    });
    for (const [socket, lane] of [
      [near, one.there],
      [far, one.back],
    ] as const) {
      socket.setNoDelay(true);
      socket.on('end', () => lane.end());
      // The close that follows says it; the other end hears of it when the wire lets anything through.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        lane.end();
        if (near.destroyed && far.destroyed) this.#connections.delete(one);
      });
    }
    if (this.#rules.length > 0) this.#apply(one);
  }

  /** Holds a connection to the rules there are now. */
  #apply(one: Connection): void {
    const faults = this.#rules.filter(({ from }) => from === undefined || from === this.#from(one));
    if (faults.some(({ fault }) => fault.kind === 'refuse')) return reset(one);
    const held = faults.some(({ fault }) => fault.kind === 'swallow');
    const delayMs = faults.reduce((ms, { fault }) => Math.max(ms, fault.kind === 'delay' ? fault.ms : 0), 0);
    for (const lane of [one.there, one.back]) lane.set(held, delayMs);
  }

  #of(from: string | undefined): readonly Connection[] {
    return [...this.#connections].filter((one) => from === undefined || from === this.#from(one));
  }

  #from(one: Connection): string | undefined {
    one.from ??= { name: this.nameOf(one.nearPort, this.#port) };
    return one.from.name;
  }
}

function reset({ near, far }: Connection): void {
  for (const socket of [near, far]) if (!socket.destroyed) socket.resetAndDestroy();
}
