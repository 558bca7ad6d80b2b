import { Duplex } from 'node:stream';
import type { Connect, EslSocket, ListenForSockets } from '@parkade/esl';

/** One end of a stream of bytes inside this process. */
class MemorySocket extends Duplex {
  connecting = false;
  bytesRead = 0;
  #peer: MemorySocket | undefined;

  /** Who connects, and who listens: the former closes when the latter does, as a socket of Node does. */
  static pair(): readonly [MemorySocket, MemorySocket] {
    const [a, b] = [new MemorySocket({ allowHalfOpen: false }), new MemorySocket()];
    [a.#peer, b.#peer] = [b, a];
    return [a, b];
  }

  setNoDelay(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    return;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#peer?.received(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#peer?.received(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#peer?.received(null);
    done(error);
  }

  private received(chunk: Buffer | null): void {
    if (this.destroyed || this.readableEnded) return;
    this.bytesRead += chunk?.length ?? 0;
    this.push(chunk);
  }
}

type OnSocket = (socket: EslSocket, remoteAddress: string) => void;

/** Sockets without a network, for tests on simulated time: who listens is found by the port, and what is written is there at once. */
export class MemorySockets {
  readonly #listeners = new Map<number, OnSocket>();
  #ports = 1_000;

  readonly listen: ListenForSockets = (_, given, onSocket) => {
    const port = given === 0 ? ++this.#ports : given;
    this.#listeners.set(port, onSocket);
    const close = (): Promise<void> => Promise.resolve(void this.#listeners.delete(port));
    return Promise.resolve({ port, close });
  };

  /** A connection that opens by itself, or ends with an error. */
  open({ port }: { readonly port: number }): MemorySocket {
    const [near, far] = MemorySocket.pair();
    const onSocket = this.#listeners.get(port);
    queueMicrotask(() => {
      if (onSocket === undefined) {
        near.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
        return;
      }
      onSocket(far, '127.0.0.1');
      near.emit('connect');
    });
    return near;
  }

  readonly connect: Connect = (target) => {
    const onSocket = this.#listeners.get(target.port);
    if (onSocket === undefined) return Promise.resolve({ ok: false, code: 'ECONNREFUSED' });
    const [near, far] = MemorySocket.pair();
    queueMicrotask(() => onSocket(far, '127.0.0.1'));
    return Promise.resolve({ ok: true, socket: near });
  };
}
