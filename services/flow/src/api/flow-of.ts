import { type Flow, type FlowCache, readFlowText, unusable } from '@parkade/flow';
import { type ExecuteParkActionRequest, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';

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
