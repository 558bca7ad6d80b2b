import { readFile } from 'node:fs/promises';
import { applyDocument as apply } from '@parkade/flow';
import { type ApplyResult, formatIssues } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';

/** The JSON document in a file. A file that cannot be read, or is no JSON, is a `CommandFailure` (usage). */
export async function readSettingsFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(EXIT.usage, `Cannot read ${path}: ${messageOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandFailure(EXIT.usage, `${path} is not JSON: ${messageOf(error)}`);
  }
}

/** Writes a document to the store, or says everything that is wrong with it (`CommandFailure`, refused). */
export async function applyDocument(
  store: Store,
  path: string,
  document: unknown,
): Promise<Extract<ApplyResult, { readonly ok: true }>> {
  const result = await apply(store, document);
  if (result.ok) return result;
  const message = `Nothing was written; ${path} is wrong:\n${formatIssues(result.issues)}`;
  throw new CommandFailure(EXIT.refused, message, { issues: result.issues });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
