import { Command, ExchangeRequest, ParkRequest, RetrieveRequest } from '@parkade/proto';
import { expect, it } from 'vitest';
import { encodeExchange, type Outgoing } from './encode-exchange.js';
import type { Order } from './order.js';

const bare: Order = { shard: 7, settingsRevision: 3, fingerprint: 12, part: 1, lotId: 'l', op: undefined };

it('is read as what the generated code writes, whether a request was encoded before or not', () => {
  const park = ParkRequest.fromPartial({ tenantId: 'acme', call: { callId: 'a', callerName: 'Ada' } });
  const retrieve = RetrieveRequest.fromPartial({ tenantId: 'acme', requestId: 'r' });
  const by = { principal: 'alice', peer: '127.0.0.1:1', operation: 'ParkService/Retrieve' };
  const orders: readonly Order[] = [
    { ...bare, trace: 't', op: { $case: 'park', value: park, bytes: ParkRequest.encode(park).finish() } },
    { ...bare, by, op: { $case: 'retrieve', value: retrieve } },
    { ...bare, op: { $case: 'beginRetrieve', value: retrieve, bytes: RetrieveRequest.encode(retrieve).finish() } },
    bare,
  ];
  const outgoing = orders.map((order, i): Outgoing => ({ order, correlationId: i + 1, deadline: 1_000.7 + i }));
  const expected = orders.map(({ op, ...order }, i) =>
    Command.fromPartial({
      ...order,
      correlationId: i + 1,
      timeoutMs: 900 + i,
      op: op === undefined ? undefined : ({ $case: op.$case, value: op.value } as Command['op']),
    }),
  );
  expect(ExchangeRequest.decode(encodeExchange(outgoing, 100))).toEqual({ commands: expected });
});

it('sends the encoding that an operation comes with', () => {
  const bytes = ParkRequest.encode(ParkRequest.fromPartial({ tenantId: 'other' })).finish();
  const op = { $case: 'park', value: ParkRequest.fromPartial({ tenantId: 'acme' }), bytes } as const;
  const encoded = encodeExchange([{ order: { ...bare, op }, correlationId: 1, deadline: 0 }], 100);
  const [command] = ExchangeRequest.decode(encoded).commands;
  expect(command).toMatchObject({ timeoutMs: 1, op: { value: { tenantId: 'other' } } });
});
