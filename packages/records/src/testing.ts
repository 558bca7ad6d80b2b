import type { EventMessage } from '@parkade/presence';

/** An event, for tests. */
export function testEvent(changes: Partial<EventMessage> = {}): EventMessage {
  const { revision = 1, tenant = 'acme', lot = 'default', slot = '701' } = changes;
  const call = {
    media_node: 'fs-1',
    call_id: 'call-1',
    caller_name: 'Ada',
    caller_number: '+441632960001',
    direction: 'inbound',
    sip_call_id: '',
  } as const;
  return {
    id: `/parkade/shards/00001/slots/${tenant}/${lot}/${slot}@${revision}`,
    kind: 'parked',
    ...{ tenant, lot, slot, revision, call },
    park_id: 'p1',
    at_ms: 1_700_000_000_000 + revision,
    reason: '',
    parker: { user_id: 'u1', device_id: '', extension: '101' },
    retriever: null,
    other: null,
    attempt: 0,
    request_id: '',
    presence_id: '*3701',
    previous_revision: revision - 1,
    ...changes,
  };
}
