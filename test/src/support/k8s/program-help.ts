import { execFile } from 'node:child_process';
import { runCli } from '../process.js';

/** One flag of a program, as its own `--help` tells it. */
export interface Flag {
  readonly name: string;
  readonly variable: string | undefined;
  readonly standard: string | undefined;
}

/** The flags of each program that the manifests start, by the words that start it (`parkade gateway`, `etcd`). */
export type ProgramFlags = ReadonlyMap<string, readonly Flag[]>;

/** Asks the programs that are here: the built command line, etcd and nats-server. */
export async function askProgramFlags(): Promise<ProgramFlags> {
  const commands = ['gateway', 'slot-shard', 'recall', 'flow', 'media', 'lamps-feed', 'records'];
  const own = commands.map(async (command): Promise<[string, readonly Flag[]]> => {
    const { stdout } = await runCli([command, '--help']);
    return [`parkade ${command}`, flagsOf(stdout)];
  });
  const others = ['etcd', 'nats-server'].map(async (program): Promise<[string, readonly Flag[]]> => {
    return [program, flagsOf(await helpOf(program))];
  });
  return new Map(await Promise.all([...own, ...others]));
}

/** Reads the flags out of a help text, whose lines may be broken anywhere. */
export function flagsOf(help: string): readonly Flag[] {
  const entries = help.split(/^(?= {2,}(?:-\w{1,2}, ?)?--[a-z])/m).slice(1);
  return entries.map((entry) => {
    const text = entry.replace(/\s+/g, ' ');
    return {
      name: /--[a-z][a-z0-9-]*/.exec(text)?.[0] ?? '',
      variable: /env: ([A-Z0-9_]+)\)/.exec(text)?.[1],
      standard: /\(default: "([^"]*)"/.exec(text)?.[1],
    };
  });
}

function helpOf(program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, ['--help'], (error, stdout, stderr) => {
      const text = stdout + stderr;
      if (text.includes('--')) resolve(text);
      else reject(error ?? new Error(`${program} --help says nothing`));
    });
  });
}
