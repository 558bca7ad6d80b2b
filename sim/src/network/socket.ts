import { Duplex } from 'node:stream';
import type { OpeningSocket } from '@parkade/media-simulator';
import type { Connection } from './connection.js';

type Side = 'client' | 'server';

/**
 * One end of a stream of bytes between two hosts, as a socket of Node shows it. What is written on one end is read on the other,
 * in its order; a connection that breaks ends both with `ECONNRESET`.
 */
export class SimSocket extends Duplex implements OpeningSocket {
  bytesRead = 0;
  #peer: SimSocket | undefined;
  #connection: Connection | undefined;
  #side: Side = 'client';
  #early: (() => void)[] = [];

  constructor(allowHalfOpen: boolean) {
    super({ allowHalfOpen });
  }

  get connecting(): boolean {
    return this.#connection === undefined;
  }

  setNoDelay(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** There is a connection, with `peer` on its other end. */
  joined(connection: Connection, side: Side, peer: SimSocket): void {
    this.#connection = connection;
    this.#side = side;
    this.#peer = peer;
    connection.onBroken(side, (cause) => {
      if (!this.destroyed) this.destroy(Object.assign(new Error(cause), { code: 'ECONNRESET' }));
    });
    for (const fn of this.#early.splice(0)) fn();
    this.emit('connect');
  }

  override _read(): void {
    return;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const send = (): void => {
      const peer = this.#peer;
      this.#connection?.send(this.#side, () => peer?.received(chunk));
      done();
    };
    if (this.#connection === undefined) this.#early.push(send);
    else send();
  }

  override _final(done: (error?: Error | null) => void): void {
    const peer = this.#peer;
    this.#connection?.send(this.#side, () => peer?.received(null));
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const peer = this.#peer;
    // What it has sent arrives before its end does.
    this.#connection?.send(this.#side, () => peer?.gone());
    done(error);
  }

  received(chunk: Buffer | null): void {
    if (this.destroyed || this.readableEnded) return;
    this.bytesRead += chunk?.length ?? 0;
    this.push(chunk);
  }

  /** The other end is closed, and reads nothing any more. */
  gone(): void {
    if (this.destroyed) return;
    this.received(null);
    if (!this.allowHalfOpen) return;
    this.destroy();
  }
}
