import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import { coloured, lampMark } from '../terminal/colours.js';
import type { Output } from '../terminal/output.js';
import type { Slot } from '@parkade/proto';
import { placeOf } from '../client/sentences.js';

/** Tells a story on a terminal or a pipe, and keeps what was shown. A scene that goes wrong ends it. */
export class Narrator {
  readonly #output: Output;
  readonly #shown: string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** What was shown, a line each. */
  get shown(): readonly string[] {
    return this.#shown;
  }

  title(text: string): void {
    this.#output.line(coloured(text, 'bold', this.#output.colour));
  }

  plain(text: string): void {
    this.#output.line(`  ${text}`);
  }

  /** A new scene. */
  scene(text: string): void {
    this.#output.line('');
    this.#output.line(coloured(`> ${text}`, 'cyan', this.#output.colour));
  }

  /** It went as it should; `fact` stands in the summary. */
  done(text: string, fact: string): void {
    this.#shown.push(fact);
    this.#output.line(`  ${coloured('ok', 'green', this.#output.colour)}  ${text}`);
  }

  /** The lamp of a slot, as a watcher sees it. */
  lamp(slot: Slot): void {
    const caller = slot.parks[0]?.call?.callerName;
    const words = caller === undefined ? 'off' : `on for ${caller}`;
    this.plain(`${lampMark(slot.presence, this.#output.colour)}   the watcher sees lamp ${placeOf(slot)} go ${words}`);
  }

  /** It did not go as it should: ends the command. */
  wrong(text: string): CommandFailure {
    return new CommandFailure(EXIT.refused, `the demo did not go as it should: ${text}`);
  }

  summary(tookMs: number): void {
    this.#output.line('');
    this.title(`Shown in ${(tookMs / 1_000).toFixed(1)} s, through the real gRPC API:`);
    for (const fact of this.#shown) this.plain(`- ${fact}`);
  }
}
