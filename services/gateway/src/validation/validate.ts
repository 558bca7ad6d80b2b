import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Rule } from './rule.js';

/** Undefined when the request is good, else what is wrong with the first bad field and what to do. Pure. */
export function validate<Request>(rule: Rule<Request>, request: Request, nowMs: number): Refused | undefined {
  const fault = rule(request, nowMs);
  if (fault === undefined) return undefined;
  const reason = fault.reason ?? Reason.INVALID_FIELD;
  return new Refused(reason, `The field ${fault.path} ${fault.must}.`, { field: fault.path });
}
