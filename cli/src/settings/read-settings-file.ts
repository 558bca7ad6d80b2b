import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { auditedStore } from '@parkade/admin';
import { SystemClock, SystemRandom } from '@parkade/clock';
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

/**
 * Writes a document to the store, or says everything that is wrong with it (`CommandFailure`, refused). The audit of each tenant
 * it changes names who ran the command, and where.
 */
export async function applyDocument(
  store: Store,
  path: string,
  document: unknown,
): Promise<Extract<ApplyResult, { readonly ok: true }>> {
  const by = { principal: `cli:${userName()}`, peer: hostname(), operation: 'settings apply', requestId: '' };
  const audited = auditedStore({ store, clock: new SystemClock(), random: new SystemRandom(), by: () => by });
  const result = await apply(audited, document);
  if (result.ok) return result;
  const message = `Nothing was written; ${path} is wrong:\n${formatIssues(result.issues)}`;
  throw new CommandFailure(EXIT.refused, message, { issues: result.issues });
}

/** Of the operating system; of a user without a name, the number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
