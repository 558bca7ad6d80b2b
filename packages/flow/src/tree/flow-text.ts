import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { formatIssues, type Issue } from '@parkade/settings';
import type { Flow } from './flow-tree.js';
import { parseFlow } from './parse-flow.js';

/** At most this many faults of a flow are told at once. */
const MAX_TOLD = 8;

/** The text of a flow; `field` is the request's that it stands in. */
export function readFlowText(text: string, field: string): { readonly flow: Flow; readonly json: unknown } | Refused {
  let json: unknown;
  try {
    json = JSON.parse(text) as unknown;
  } catch (error) {
    return fieldFault(field, `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const flow = parseFlow(json);
  return flow.ok ? { flow: flow.value, json } : unusable(flow.issues, field);
}

/** A flow with faults: all of them in the message, up to a bound; the path of the first in `metadata.path`. */
export function unusable(issues: readonly Issue[], field: string): Refused {
  const told = formatIssues(issues.slice(0, MAX_TOLD)).replaceAll('\n', '; ');
  return fieldFault(field, `is no flow: ${told}`, { path: issues[0]?.path ?? '' });
}

/** INVALID_FIELD; `metadata.field` names the field. */
export function fieldFault(field: string, must: string, metadata: Readonly<Record<string, string>> = {}): Refused {
  return new Refused(Reason.INVALID_FIELD, `The field ${field} ${must}.`, { field, ...metadata });
}
