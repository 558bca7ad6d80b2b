import { Reason } from '@parkade/proto';
import { draining, Refused } from '@parkade/rpc';
import { type CommandsCall, CommandsStream, type CommandsStreamDeps } from './commands-stream.js';
import { connectionAged, type LongCalls } from './long-calls.js';

/** The `Commands` streams that are open: at most `maxCommandStreams`. */
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
    const { underWay, limits } = this.deps;
    const refused = underWay.stopped ? draining() : this.size >= limits.maxCommandStreams ? tooMany() : undefined;
    if (refused !== undefined) {
      call.on('error', () => undefined);
      call.emit('error', refused.toServiceError());
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

function tooMany(): Refused {
  return new Refused(
    Reason.OVERLOADED,
    'Too many Commands streams are open at this gateway. Send more commands on one of yours, or retry after a pause.',
  );
}
