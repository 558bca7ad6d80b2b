import { runCommand } from '@parkade/cli';
import { vi } from 'vitest';
import type { CliRun } from './process.js';

/**
 * Runs a client's command to its end in this process, without the start of one, which takes most of its time. One at a time:
 * commands read the environment of the process. That the built program does the same is shown where `runCli` is used.
 */
export async function runHere(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<CliRun> {
  const texts = { stdout: '', stderr: '' };
  const output = {
    line: (text: string) => void (texts.stdout += `${text}\n`),
    error: (text: string) => void (texts.stderr += `${text}\n`),
    colour: false,
  };
  const own = Object.keys(process.env).filter((name) => name.startsWith('PARKADE_'));
  for (const name of own) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  try {
    const code = await runCommand(args, output);
    return { code, ...texts };
  } finally {
    vi.unstubAllEnvs();
  }
}
