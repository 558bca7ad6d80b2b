import { draining } from '@parkade/rpc';
import { type CommandsCall, CommandsStream, type CommandsStreamDeps } from './commands-stream.js';
import { connectionAged, type LongCalls } from './long-calls.js';

/** The `Commands` streams that are open. */
export class OpenStreams {
  readonly #streams = new Set<CommandsStream>();

  constructor(
    private readonly deps: CommandsStreamDeps,
    private readonly longCalls: LongCalls,
  ) {}

  get size(): number {
    return this.#streams.size;
  }

  open(call: CommandsCall): void {
    if (this.deps.underWay.stopped) {
      call.on('error', () => undefined);
      call.emit('error', draining().toServiceError());
      return;
    }
    const stream = new CommandsStream(call, this.deps, () => {
      this.#streams.delete(stream);
      forget();
    });
    this.#streams.add(stream);
    const forget = this.longCalls.add(call, () => stream.drain(connectionAged()));
  }

  /** Each answers what it read and ends. */
  drain(): void {
    for (const stream of this.#streams) stream.drain(draining());
  }
}
