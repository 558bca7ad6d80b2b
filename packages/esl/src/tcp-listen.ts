import { createServer } from 'node:net';
import type { ListenForSockets } from './socket.js';

/** Listens on TCP. `allowHalfOpen`: a peer that ends its side still hears what is written to it. */
export function tcpListen({ allowHalfOpen = false } = {}): ListenForSockets {
  return (host, port, onSocket, onFault) => {
    const server = createServer({ allowHalfOpen }, (socket) => onSocket(socket, socket.remoteAddress ?? ''));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        server.on('error', onFault);
        const address = server.address();
        resolve({
          port: typeof address === 'object' && address !== null ? address.port : port,
          close: () => new Promise<void>((closed) => server.close(() => closed())),
        });
      });
    });
  };
}
