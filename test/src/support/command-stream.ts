import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { CommandsRequest, CommandsResponse, ParkServiceClient } from '@parkade/proto';
import { toDuration } from '@parkade/rpc';

type Command = NonNullable<CommandsRequest['command']>;
type Answer = NonNullable<CommandsResponse['answer']>;

/** A `Commands` stream: many commands on one call, each with its own answer. */
export class CommandStream {
  readonly #stream: ClientDuplexStream<CommandsRequest, CommandsResponse>;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #next = 1;

  constructor(client: ParkServiceClient) {
    this.#stream = client.commands();
    this.#stream.on('data', ({ correlationId, answer }: CommandsResponse) => {
      const waiting = this.#waiting.get(correlationId);
      this.#waiting.delete(correlationId);
      if (waiting === undefined) throw new Error(`answer ${correlationId} came twice, or to no command`);
      if (answer === undefined) waiting.reject(new Error('an answer says nothing'));
      else waiting.resolve(answer);
    });
    this.#stream.on('error', (error: Error) => this.#end(error));
    this.#stream.on('end', () => this.#end(new Error('the stream has ended')));
  }

  /** Resolves to the answer, which may be an error; rejects when the stream breaks. */
  send(command: Command, timeoutMs: number): Promise<Answer> {
    const correlationId = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(correlationId, { resolve, reject });
      this.#stream.write({ correlationId, timeout: toDuration(timeoutMs), command, batch: [] });
    });
  }

  close(): void {
    this.#stream.end();
  }

  #end(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
