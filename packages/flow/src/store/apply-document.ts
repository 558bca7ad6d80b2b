import { applySettings, type ApplyResult } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { readStorable } from './stored-flows.js';

/** Writes a whole settings document, call flows included; see `applySettings`. */
export function applyDocument(store: Store, document: unknown): Promise<ApplyResult> {
  return applySettings(store, document, readStorable);
}
