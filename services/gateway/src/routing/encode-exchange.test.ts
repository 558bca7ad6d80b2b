import { Command, ExchangeRequest, ParkRequest, RetrieveRequest } from '@parkade/proto';
import { expect, it } from 'vitest';
import { encodeExchange, keepEncoding } from './encode-exchange.js';

it('is read as what the generated code writes, whether a request was encoded before or not', () => {
  const park = ParkRequest.fromPartial({ tenantId: 'acme', call: { callId: 'a', callerName: 'Ada' } });
  const retrieve = RetrieveRequest.fromPartial({ tenantId: 'acme', requestId: 'r' });
  keepEncoding(park, ParkRequest.encode(park).finish());
  const commands = [
    Command.fromPartial({
      correlationId: 1,
      shard: 7,
      fingerprint: 12,
      trace: 't',
      op: { $case: 'park', value: park },
    }),
    Command.fromPartial({ correlationId: 2, op: { $case: 'retrieve', value: retrieve } }),
    Command.fromPartial({ correlationId: 3, op: { $case: 'beginRetrieve', value: retrieve } }),
    Command.fromPartial({ correlationId: 4 }),
  ];
  // The very request whose encoding is kept, as a copy has none.
  const given = commands.map((command, i) =>
    i === 0 ? { ...command, op: { $case: 'park' as const, value: park } } : command,
  );
  const bytes = encodeExchange({ commands: given });
  expect(ExchangeRequest.decode(bytes)).toEqual({ commands });
  keepEncoding(park, ParkRequest.encode(ParkRequest.fromPartial({ tenantId: 'other' })).finish());
  expect(ExchangeRequest.decode(encodeExchange({ commands: given })).commands[0]?.op).toMatchObject({
    value: { tenantId: 'other' },
  });
});
