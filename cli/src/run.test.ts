import { describe, expect, it } from 'vitest';
import { run } from './run.js';

/** What a command line prints on stderr, and its exit code. */
async function faultOf(...args: readonly string[]): Promise<{ code: number; stderr: readonly string[] }> {
  const stderr: string[] = [];
  const output = { line: () => undefined, error: (text: string) => void stderr.push(text), colour: false };
  return { code: await run(args, output), stderr };
}

describe('a wrong command line', () => {
  it('is told as one JSON document with --json, whoever finds the fault', async () => {
    for (const args of [['park', '--slto', '701'], ['nonsense'], ['settings'], ['slots', '--limit', '0']]) {
      const { code, stderr } = await faultOf(...args, '--json');
      expect([args, code, stderr.length]).toEqual([args, 2, 1]);
      const told = JSON.parse(stderr[0] ?? '') as { error: string; exit_code: number; faults: string[] };
      expect(told.exit_code).toBe(2);
      expect(told.error).not.toBe('');
      expect(told.faults.length).toBeGreaterThan(0);
    }
  });

  it('is told in words without it', async () => {
    const { code, stderr } = await faultOf('park', '--slto', '701');
    expect([code, stderr.join('\n')]).toEqual([2, expect.stringContaining("unknown option '--slto'")]);
  });

  it('that would undo, ignore or widen what was meant is refused, and nothing is sent', async () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['quotas set', /needs a quota.*quotas clear/],
      ['release --park-id p --destination 5000', /--destination goes with --cause escaped/],
      ['token --auth-key /nowhere/key --operator --lot sales', /leave --role and --lot out/],
      ['slots --lot=', /--lot is empty/],
      ['park --call-id=', /^\S+ --call-id is empty/],
      ['park --slot 701 surplus --call-id c', /too many arguments/],
      ['quotas set --slots 5k', /--slots must be a whole number/],
    ];
    for (const [line, words] of wrong) {
      const { code, stderr } = await faultOf(...line.split(' '));
      expect([line, code, stderr.join('\n')]).toEqual([line, 2, expect.stringMatching(words)]);
    }
  });

  it('may leave empty what people say in their own words', async () => {
    const { stderr } = await faultOf('park', '--note=', '--caller-name=', '--slot=');
    expect(stderr.join('\n')).not.toMatch(/note|caller-name/);
  });
});
