import { readFileSync } from 'node:fs';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Reason } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { callFailure, Refused } from './refused.js';

const reasonProto = readFileSync(new URL('../../../proto/parkade/park/v1/reason.proto', import.meta.url), 'utf8');

/** The canonical code that `reason.proto` documents for each reason. */
function documentedCodes(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, code, name] of reasonProto.matchAll(
    /\/\/ ([A-Z_]+)\. (?:[^\n]*\n\s*\/\/)*[^\n]*\n\s*REASON_([A-Z_]+) = /g,
  )) {
    if (code !== undefined && name !== undefined) found.set(name, code);
  }
  return found;
}

function thrown(refused: Refused): ServiceError {
  return Object.assign(new Error(refused.message), refused.toServiceError());
}

describe('a refusal', () => {
  it('has the code its reason is documented with', () => {
    const codes = documentedCodes();
    const reasons = Object.values(Reason).filter((reason): reason is Reason => typeof reason === 'number');
    expect(codes.size).toBe(reasons.length - 1);
    for (const reason of reasons) {
      if (reason === Reason.UNSPECIFIED) continue;
      expect([Reason[reason], status[new Refused(reason, '').code]]).toEqual([
        Reason[reason],
        codes.get(Reason[reason]),
      ]);
    }
  });

  it('arrives at the client with reason, data and sentence', () => {
    const refused = new Refused(Reason.SLOT_OCCUPIED, 'Slot 701 is in use.', { slot: '701', since_ms: '5' });
    expect(callFailure(thrown(refused))).toEqual({
      code: status.FAILED_PRECONDITION,
      reason: Reason.SLOT_OCCUPIED,
      message: 'Slot 701 is in use.',
      metadata: { slot: '701', since_ms: '5' },
    });
  });

  it('survives its way through the wire form', () => {
    const refused = new Refused(Reason.LOT_FULL, 'Full.', { lot_id: 'a' });
    expect(Refused.from(refused.toProto())).toEqual(refused);
  });
});

describe('callFailure', () => {
  it('makes something of every error, also of one that is not ours', () => {
    expect(callFailure(new Error('socket closed'))).toMatchObject({ code: status.UNKNOWN, reason: undefined });
    expect(callFailure('text')).toMatchObject({ message: 'text' });
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff]));
    const broken = { code: status.UNAVAILABLE, details: 'no connection', metadata };
    expect(callFailure(broken)).toEqual({
      code: status.UNAVAILABLE,
      reason: undefined,
      message: 'no connection',
      metadata: {},
    });
  });
});
