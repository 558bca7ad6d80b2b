import { connect } from 'node:net';
import { hostAndPort } from './tcp-probe.js';

/** A connection that is held open. */
export interface Held {
  /** Whether it stands now. */
  readonly stands: boolean;
  /** Ends it without a word. */
  close(): void;
}

/** Opens a connection to `host:port` and holds it; `onEnd` is called once when it ends, or cannot be opened. */
export type Hold = (address: string, onEnd: () => void) => Held;

/** Holds TCP connections. Nothing is sent, what comes is thrown away: the kernel of a process that dies closes it at once. */
export const tcpHold: Hold = (address, onEnd) => {
  const target = hostAndPort(address);
  if (target === undefined) {
    setImmediate(onEnd);
    return { stands: false, close: () => undefined };
  }
  let stands = false;
  const socket = connect(target, () => (stands = true));
  const ended = (): void => {
    stands = false;
    onEnd();
  };
  socket.on('error', () => undefined);
  socket.once('close', ended);
  socket.resume();
  return {
    get stands() {
      return stands;
    },
    close: () => {
      socket.off('close', ended);
      socket.destroy();
    },
  };
};
