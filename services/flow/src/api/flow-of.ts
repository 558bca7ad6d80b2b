import { type Flow, type FlowCache, parseFlow } from '@parkade/flow';
import { type ExecuteParkActionRequest, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { formatIssues, type Issue } from '@parkade/settings';
import { fieldFault } from './checked-request.js';

/** At most this many faults of a flow are told at once. */
const MAX_TOLD = 8;

/** The flow of a request: sent along, or stored. Refused with the path of the first fault in `metadata.path`. */
export async function flowOf(
  { tenantId, flow }: ExecuteParkActionRequest,
  flows: Pick<FlowCache, 'get'>,
): Promise<Flow | Refused> {
  if (flow?.$case !== 'flowId') return inlineFlow(flow?.value ?? '');
  try {
    const stored = await flows.get(tenantId, flow.value);
    if (!stored.ok) return unusable(stored.issues, 'flow_id');
    if (stored.value !== undefined) return stored.value.flow;
    const message = `The tenant ${tenantId} has no call flow ${flow.value}: store it first, or name another one.`;
    return new Refused(Reason.FLOW_NOT_FOUND, message, { tenant_id: tenantId, flow_id: flow.value });
  } catch {
    return new Refused(Reason.STORE_UNAVAILABLE, 'The flow is not known here, and the store does not answer; retry.');
  }
}

function inlineFlow(text: string): Flow | Refused {
  const read = readFlowText(text, 'inline_json');
  return read instanceof Refused ? read : read.flow;
}

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
