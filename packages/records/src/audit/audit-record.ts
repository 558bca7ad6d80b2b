import type { EventMessage } from '@parkade/presence';

/** Who changed or took what, when and from where. Holds no credentials. */
export interface AuditRecord {
  /** The same however often it is recorded. */
  readonly id: string;
  readonly tenant: string;
  /** Wall ms. */
  readonly at_ms: number;
  /** The token's subject; `anybody` where no tokens are asked for. */
  readonly principal: string;
  /** The address the request came from, as the server saw it. */
  readonly peer: string;
  /** What was asked for: an RPC, or an operation of the REST API or the park board. */
  readonly operation: string;
  /** What was changed: `lots/sales`, `groups/…`, `parks/<park id>`. */
  readonly things: readonly string[];
  /** Of the thing, 0: there was none. */
  readonly revision_before: number;
  readonly revision_after: number;
  /** The request that caused it; may be empty. */
  readonly request_id: string;
  /** Takes: what happened (`retrieved`, `released`, …); changes: empty. */
  readonly kind: string;
}

/** The record of what somebody did to a park through an API; undefined where it was a phone, a process or time. */
export function auditOf(event: EventMessage): AuditRecord | undefined {
  const { id, tenant, at_ms, by, park_id, request_id, kind } = event;
  if (by === undefined) return undefined;
  const { principal, peer, operation } = by;
  return {
    ...{ id, tenant, at_ms, principal, peer, operation, request_id, kind },
    things: [`parks/${park_id}`, `slots/${event.lot}/${event.slot}`],
    revision_before: event.previous_revision,
    revision_after: event.revision,
  };
}
