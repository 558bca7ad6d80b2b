import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between two parts of a test, on a loopback port that it keeps. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open through it. */
  readonly open: number;
  /** Resets every connection, and refuses new ones, until `heal`. */
  cut(): Promise<void>;
  /**
   * Nothing passes any more, in both directions, and nothing is closed, until `heal`: a network that swallows. `answers`: what is
   * said to the target still passes.
   */
  swallow(what?: 'all' | 'answers'): void;
  heal(): Promise<void>;
  /** Bytes said to the target so far, by connection in the order they came; `isOpen`: the connection is. */
  readonly said: readonly { readonly bytes: number; readonly isOpen: boolean }[];
  stop(): Promise<void>;
}

/** Starts a proxy to an address, or a port of this machine. */
export async function startTcpProxy(
  target: number | { readonly host: string; readonly port: number },
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallows: 'all' | 'answers' | undefined;
  const said: { bytes: number; isOpen: boolean }[] = [];
  const join = (near: Socket): void => {
    const counted = { bytes: 0, isOpen: true };
    said.push(counted);
    near.on('data', (chunk: Buffer) => (counted.bytes += chunk.length));
    near.on('close', () => (counted.isOpen = false));
    const far = connect(typeof target === 'number' ? { host: '127.0.0.1', port: target } : target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        if (swallows === undefined || (swallows === 'answers' && from === near)) to.write(chunk);
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
    said,
    get open() {
      return sockets.size / 2;
    },
    cut: end,
    swallow: (what = 'all') => {
      swallows = what;
    },
    heal: async () => {
      if (swallows !== undefined) for (const socket of [...sockets]) socket.resetAndDestroy();
      swallows = undefined;
      server ??= await listen(port);
    },
    stop: end,
  };
}
