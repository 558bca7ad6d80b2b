import { connect } from 'node:net';
import type { Probe, ProbeResult } from './hand-off.js';

/** A probe that opens a TCP connection and closes it again, at most `timeoutMs` long. */
export function tcpProbe(timeoutMs = 500): Probe {
  return (address) =>
    new Promise<ProbeResult>((resolve) => {
      const target = hostAndPort(address);
      if (target === undefined) {
        resolve('unknown');
        return;
      }
      const socket = connect(target);
      const done = (result: ProbeResult): void => {
        socket.destroy();
        resolve(result);
      };
      socket.setTimeout(timeoutMs, () => done('unknown'));
      socket.once('connect', () => done('alive'));
      // Stays: an error after the first answer must find a listener.
      socket.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED' ? 'refused' : 'unknown'));
    });
}

/** Of `host:port` or `[v6]:port`; undefined where it is neither. */
export function hostAndPort(address: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
