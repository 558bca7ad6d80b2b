import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built command line: what is tested is what is shipped. */
export const CLI = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));

const KEPT_LOG = 200_000;

/** A process of the product, run for a test. */
export interface CliProcess {
  readonly name: string;
  readonly pid: number;
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
  stdout(): string;
  stderr(): string;
  /** Resolves to the first match on stderr, as `printed` does for stdout. */
  saidOnStderr(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves to the first match on stdout; rejects when it ends before, or after `timeoutMs`. */
  printed(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves to its exit code; 128 + the signal's number where a signal ended it. */
  ended(timeoutMs?: number): Promise<number>;
  /** Sends a signal; does nothing when it has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** Everything started and not yet ended, so that nothing outlives the tests, also when they fail. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `parkade <args>`. What a developer has in the environment for it is left out. */
export function startCli(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): CliProcess {
  return startProgram(name, CLI, args, environment);
}

/** Starts a built program as `startCli` does. */
export function startProgram(
  name: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): CliProcess {
  const own = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('PARKADE_')));
  const env = { ...own, NODE_OPTIONS: '', ...environment };
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  let exitCode: number | undefined;
  const texts = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const which of ['stdout', 'stderr'] as const) {
    child[which].setEncoding('utf8').on('data', (text: string) => {
      texts[which] = (texts[which] + text).slice(-KEPT_LOG);
      for (const listener of [...listeners]) listener();
    });
  }
  const closed = once(child, 'close').then(([code, signal]: unknown[]) => {
    running.delete(child);
    exitCode = typeof code === 'number' ? code : signal === 'SIGKILL' ? 137 : 143;
    for (const listener of [...listeners]) listener();
    return exitCode;
  });
  const tell = (): string => `${name} ${args.join(' ')}\n${texts.stdout}\n${texts.stderr}`;

  const said = (which: 'stdout' | 'stderr', pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(texts[which]);
        if (match === null && exitCode === undefined) return;
        clearTimeout(timer);
        listeners.delete(look);
        if (match !== null) resolve(match);
        else reject(new Error(`ended with ${String(exitCode)} before it printed ${String(pattern)}: ${tell()}`));
      };
      const timer = setTimeout(() => {
        listeners.delete(look);
        reject(new Error(`did not print ${String(pattern)} within ${timeoutMs} ms: ${tell()}`));
      }, timeoutMs);
      listeners.add(look);
      look();
    });

  return {
    name,
    pid: child.pid ?? 0,
    get exitCode() {
      return exitCode;
    },
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    printed: (pattern, timeoutMs) => said('stdout', pattern, timeoutMs),
    saidOnStderr: (pattern, timeoutMs) => said('stderr', pattern, timeoutMs),
    ended: (timeoutMs = 60_000) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          child.kill('SIGKILL');
          reject(new Error(`did not end within ${timeoutMs} ms: ${tell()}`));
        }, timeoutMs);
      });
      return Promise.race([closed, late]).finally(() => clearTimeout(timer));
    },
    signal: (signal) => {
      if (exitCode === undefined) child.kill(signal);
    },
  };
}

/** What a command left behind. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runCli(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<CliRun> {
  const cli = startCli('parkade', args, environment);
  const code = await cli.ended();
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}
