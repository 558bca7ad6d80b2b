import type { z } from 'zod';

/** One thing that is wrong with a document, and where: `lots.sales.ranges[0].first`; an empty path means the whole. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** What was read, or everything that is wrong with it. Bad input is an expected outcome, never a throw. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly Issue[] };

/** At most this many issues are reported for one document; more help nobody. */
export const MAX_ISSUES = 100;

/** Reads `json` by `schema`; every path is put under `at`. */
export function check<T>(schema: z.ZodType<T>, json: unknown, at: readonly PropertyKey[] = []): Checked<T> {
  const result = schema.safeParse(json);
  if (result.success) return { ok: true, value: result.data };
  const issues = result.error.issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code !== 'unrecognized_keys') return [{ path: formatPath(path), message: issue.message }];
    return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: 'unknown key' }));
  });
  return { ok: false, issues: issues.slice(0, MAX_ISSUES) };
}

/** A path as people write it: plain keys by dots, numbers and other keys in brackets. */
export function formatPath(path: readonly PropertyKey[]): string {
  let out = '';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else if (/^\w[\w-]*$/.test(String(part))) out += out === '' ? String(part) : `.${String(part)}`;
    else out += `[${JSON.stringify(String(part))}]`;
  }
  return out;
}

/** The path of something inside of what stands at `at`. */
export function below(at: string, path: string): string {
  return path === '' || path.startsWith('[') ? at + path : `${at}.${path}`;
}

/** Issues as one text, a line each. */
export function formatIssues(issues: readonly Issue[]): string {
  return issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n');
}
