import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between two parts of a test, on a loopback port that it keeps. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open through it. */
  readonly open: number;
  /** Resets every connection, and refuses new ones, until `heal`. */
  cut(): Promise<void>;
  /** Nothing passes any more, in both directions, and nothing is closed, until `heal`: a network that swallows. */
  swallow(): void;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallows = false;
  const join = (near: Socket): void => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        if (!swallows) to.write(chunk);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  };
  const listen = async (port: number): Promise<Server> => {
    const server = createServer(join);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server: Server | undefined = await listen(0);
  const { port } = server.address() as AddressInfo;
  const end = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    const closed = ending === undefined ? undefined : once(ending, 'close');
    ending?.close();
    for (const socket of [...sockets]) socket.resetAndDestroy();
    await closed;
  };
  return {
    port,
    get open() {
      return sockets.size / 2;
    },
    cut: end,
    swallow: () => {
      swallows = true;
    },
    heal: async () => {
      if (swallows) for (const socket of [...sockets]) socket.resetAndDestroy();
      swallows = false;
      server ??= await listen(port);
    },
    stop: end,
  };
}
