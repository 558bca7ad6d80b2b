import type { ChannelInterface } from '@grpc/grpc-js';
import type { Connect, ConnectResult, ListenForSockets } from '@parkade/esl';
import type { ProbeResult } from '@parkade/ownership';
import { type GrpcServerConfig, type Listen, mounted, NO_SECURITY, type RpcServer, type Security } from '@parkade/rpc';
import type { Host } from '../world/host.js';
import type { Scheduler } from '../world/scheduler.js';
import { SimChannel } from './channel.js';
import { Connection } from './connection.js';
import { Links } from './links.js';
import { SimListener } from './listener.js';
import { SimSocket } from './socket.js';

interface SocketAcceptor {
  readonly host: Host;
  readonly allowHalfOpen: boolean;
  readonly onSocket: (socket: SimSocket, remoteAddress: string) => void;
}

/** How long a TCP connection is tried for where nothing answers. */
const CONNECT_MS = 20_000;
/** Until the first packet of a connection is sent again; then twice as long each time (RFC 6298). */
const SYN_AGAIN_MS = 1_000;
const PROBE_MS = 500;

/**
 * The network of a world: listeners by their addresses, connections between hosts, and what is wrong between them. It stands
 * below the generated clients and the handlers of production, which are the same; messages cross it encoded.
 */
export class SimNetwork {
  readonly links: Links;
  readonly #listeners = new Map<string, SimListener>();
  readonly #sockets = new Map<string, SocketAcceptor>();
  readonly #connections = new Set<Connection>();
  #ports = 1_000;

  constructor(private readonly scheduler: Scheduler) {
    this.links = new Links(scheduler.random);
  }

  /** What makes a host listen. */
  listen(host: Host): Listen {
    return (config: GrpcServerConfig, clock): Promise<RpcServer> => {
      const port = config.port === 0 ? ++this.#ports : config.port;
      const address = `${config.host}:${port}`;
      const listener = new SimListener(host, port, mounted(config, clock), () => {
        if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
      });
      this.#listeners.set(address, listener);
      host.onDeath.add(() => listener.closed());
      return Promise.resolve(listener);
    };
  }

  /** How a host reaches others: the clients of production, on this network's channels. */
  security(host: Host): Security {
    const channelFactoryOverride = (
      address: string,
      _: unknown,
      options: { [name: string]: unknown },
    ): ChannelInterface => new SimChannel(host, address, options, this, this.scheduler);
    return { ...NO_SECURITY, peers: { ...NO_SECURITY.peers, options: { channelFactoryOverride } } };
  }

  /** What a host finds when it tries to connect. */
  probe(host: Host): (address: string) => Promise<ProbeResult> {
    return (address) =>
      new Promise((resolve) => {
        const limit = host.after(PROBE_MS, () => resolve('unknown'));
        this.#reach(host, address, (listener) => {
          limit.cancel();
          resolve(listener === undefined ? 'refused' : 'alive');
        });
      });
  }

  /** Connects; told in the end: the connection and its listener, or why there is none. Returns what gives up. */
  connect(
    host: Host,
    address: string,
    done: (made: { readonly connection: Connection; readonly listener: SimListener } | string) => void,
  ): () => void {
    let over = false;
    const finish = (made: Parameters<typeof done>[0]): void => {
      if (over) return;
      over = true;
      limit.cancel();
      done(made);
    };
    const limit = host.after(CONNECT_MS, () => finish('no connection in time'));
    this.#reach(host, address, (listener) => {
      if (over) return;
      if (listener === undefined) return finish('ECONNREFUSED');
      const connection = new Connection(this.scheduler, this.links, host, listener.host);
      this.#connections.add(connection);
      connection.onBroken('client', () => void this.#connections.delete(connection));
      connection.onBroken('server', () => void this.#connections.delete(connection));
      listener.accept(connection);
      finish({ connection, listener });
    });
    return () => finish('given up');
  }

  /** What makes a host listen for plain connections; port 0: at one of its own. */
  listenForSockets(host: Host, allowHalfOpen: boolean): ListenForSockets {
    return (_, given, onSocket) => {
      const port = given === 0 ? ++this.#ports : given;
      const address = `${host.name}:${port}`;
      const end = (): void => void this.#sockets.delete(address);
      this.#sockets.set(address, { host, allowHalfOpen, onSocket });
      host.onDeath.add(end);
      return Promise.resolve({
        port,
        close: () => {
          end();
          return Promise.resolve();
        },
      });
    };
  }

  /** A plain connection of a host to an address, which opens by itself or ends with an error. */
  socket(host: Host, address: string): SimSocket {
    const socket = new SimSocket(false);
    const name = address.slice(0, address.lastIndexOf(':'));
    const { scheduler, links } = this;
    const limit = host.after(CONNECT_MS, () => socket.destroy(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })));
    scheduler.after(links.delayMs(host.name, name), undefined, () => {
      if (links.blocked(host.name, name)) return;
      const acceptor = this.#sockets.get(address);
      host.after(links.delayMs(host.name, name), () => {
        limit.cancel();
        if (socket.destroyed) return;
        if (acceptor === undefined || acceptor.host.state === 'dead') {
          socket.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
          return;
        }
        const connection = new Connection(scheduler, links, host, acceptor.host);
        this.#connections.add(connection);
        connection.onBroken('client', () => void this.#connections.delete(connection));
        const other = new SimSocket(acceptor.allowHalfOpen);
        socket.once('close', () => void this.#connections.delete(connection));
        other.joined(connection, 'server', socket);
        socket.joined(connection, 'client', other);
        acceptor.host.after(0, () => acceptor.onSocket(other, host.name));
      });
    });
    return socket;
  }

  /** As `connectTcp`, from a host. */
  connectSocket(host: Host): Connect {
    return ({ host: name, port }, limitMs, clock, signal) => {
      if (signal.aborted) return Promise.resolve({ ok: false, code: 'aborted' });
      return new Promise((resolve) => {
        const socket = this.socket(host, `${name}:${port}`);
        const finish = (result: ConnectResult): void => {
          limit.cancel();
          signal.removeEventListener('abort', onAbort);
          socket
            .removeAllListeners('connect')
            .removeAllListeners('error')
            .on('error', () => undefined);
          if (!result.ok) socket.destroy();
          resolve(result);
        };
        const onAbort = (): void => finish({ ok: false, code: 'aborted' });
        const limit = clock.setTimer(limitMs, () => finish({ ok: false, code: 'connect-timeout' }));
        signal.addEventListener('abort', onAbort, { once: true });
        socket.once('error', (error: NodeJS.ErrnoException) =>
          finish({ ok: false, code: error.code ?? error.message }),
        );
        socket.once('connect', () => finish({ ok: true, socket: socket.pause() }));
      });
    };
  }

  /** Breaks every connection between two hosts. */
  cut(a: string, b: string): void {
    for (const connection of [...this.#connections]) {
      const { client, server } = connection;
      if ((client.name === a && server.name === b) || (client.name === b && server.name === a)) connection.break('cut');
    }
  }

  /**
   * Tells at the host who listens at the address, a round trip later; nothing where nothing comes back. What is lost on the way there is
   * sent again, as TCP does.
   */
  #reach(host: Host, address: string, told: (listener: SimListener | undefined) => void, againMs = SYN_AGAIN_MS): void {
    const { scheduler, links } = this;
    const name = address.slice(0, address.lastIndexOf(':'));
    scheduler.after(links.delayMs(host.name, name), undefined, () => {
      if (links.blocked(host.name, name)) {
        if (againMs < CONNECT_MS) scheduler.after(againMs, host, () => this.#reach(host, address, told, 2 * againMs));
        return;
      }
      const listener = this.#listeners.get(address);
      scheduler.after(links.delayMs(host.name, name), host, () => told(listener));
    });
  }
}
