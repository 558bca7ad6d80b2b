import { ByteBuffer } from '../byte-buffer.js';
import type { EslCommand } from '../encode.js';
import { parseHeaderBlock } from '../headers.js';
import { MAX_COMMAND_BYTES } from '../limits.js';

const BLANK_LINE = Buffer.from('\n\n');
const LINE_FEED = 0x0a;

/** FreeSWITCH's side of the codec, for a simulated switch: reads the commands of an application, in any chunking. */
export class CommandReader {
  readonly #bytes = new ByteBuffer();

  /** The commands that `chunk` completes. Throws when one is longer than we ever send. */
  push(chunk: Uint8Array): EslCommand[] {
    this.#bytes.append(chunk);
    const commands: EslCommand[] = [];
    for (let command = this.#next(); command !== undefined; command = this.#next()) commands.push(command);
    if (this.#bytes.length > MAX_COMMAND_BYTES) throw new RangeError('the command is too long');
    return commands;
  }

  #next(): EslCommand | undefined {
    while (this.#bytes.at(0) === LINE_FEED) this.#bytes.take(1);
    const end = this.#bytes.indexOf(BLANK_LINE, 0);
    if (end < 0) return undefined;
    const block = this.#bytes.peek(end).toString('utf8');
    const headers = parseHeaderBlock(block.slice(block.indexOf('\n') + 1), false);
    const bodyBytes = block.includes('\n') ? Number(headers.get('Content-Length') ?? 0) : 0;
    const wholeBytes = end + BLANK_LINE.length + bodyBytes;
    if (this.#bytes.length < wholeBytes) return undefined;
    const body = this.#bytes.take(wholeBytes).toString('utf8', wholeBytes - bodyBytes);
    const [line = ''] = block.split('\n', 1);
    if (!block.includes('\n')) return { line };
    const pairs = headers.names().map((name) => [name, headers.get(name) ?? ''] as const);
    const others = pairs.filter(([name]) => name !== 'Content-Length');
    return { line, headers: others, ...(bodyBytes > 0 && { body }) };
  }
}
