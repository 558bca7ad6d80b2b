import { CommanderError } from 'commander';
import { parkadeProgram } from './program.js';
import { CommandFailure, EXIT, UsageFailure } from './terminal/exit-codes.js';
import type { Output } from './terminal/output.js';

/** Runs one command line (without node and script). Resolves to the exit code; never rejects. */
export async function run(args: readonly string[], output: Output): Promise<number> {
  const json = args.includes('--json');
  const wrong: string[] = [];
  try {
    const program = await parkadeProgram(args, output, (words) => (json ? wrong.push(words) : output.error(words)));
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    const failure = failureOf(error, wrong);
    if (failure === undefined) return EXIT.ok;
    // Without `--json` commander has told its faults.
    if (json || !(error instanceof CommanderError)) report(failure, json, output);
    return failure.exitCode;
  }
}

/** What a command ended with; undefined: it was help that was asked for. */
function failureOf(error: unknown, wrong: readonly string[]): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : new UsageFailure(wrong);
  const message = error instanceof Error ? error.message : String(error);
  const taken = /EADDRINUSE: address already in use ([^\s\]]+)/.exec(message)?.[1];
  const words = taken === undefined ? message : `${taken} is in use: end what listens there, or give another port.`;
  return new CommandFailure(EXIT.refused, words);
}

function report(failure: CommandFailure, json: boolean, output: Output): void {
  if (json) output.error(JSON.stringify({ error: failure.message, exit_code: failure.exitCode, ...failure.data }));
  else for (const line of failure.message.split('\n')) output.error(`parkade: ${line}`);
}
