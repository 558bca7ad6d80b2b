import { CommanderError } from 'commander';
import { parkadeProgram } from './program.js';
import { CommandFailure, EXIT } from './terminal/exit-codes.js';
import type { Output } from './terminal/output.js';

/** Runs one command line (without node and script). Resolves to the exit code; never rejects. */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    const program = await parkadeProgram(args, output);
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed it.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CommandFailure) {
      report(error, args.includes('--json'), output);
      return error.exitCode;
    }
    output.error(`parkade: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.refused;
  }
}

function report(failure: CommandFailure, json: boolean, output: Output): void {
  if (json) output.error(JSON.stringify({ error: failure.message, exit_code: failure.exitCode, ...failure.data }));
  else for (const line of failure.message.split('\n')) output.error(`parkade: ${line}`);
}
