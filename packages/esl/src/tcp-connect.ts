import { connect } from 'node:net';
import type { Connect } from './socket.js';

/** Opens a TCP connection. */
export const connectTcp: Connect = (target, limitMs, clock, signal) => {
  if (signal.aborted) return Promise.resolve({ ok: false, code: 'aborted' });
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    const finish = (result: Awaited<ReturnType<Connect>>): void => {
      limit.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('connect');
      // A socket nobody listens to must not end the process by its error.
      socket.removeAllListeners('error').on('error', () => undefined);
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => finish({ ok: false, code: 'aborted' });
    const limit = clock.setTimer(limitMs, () => finish({ ok: false, code: 'connect-timeout' }));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) => finish({ ok: false, code: error.code ?? error.message }));
    // Paused until its new owner listens, so that no byte is lost between the two.
    socket.once('connect', () => finish({ ok: true, socket: socket.pause() }));
  });
};
