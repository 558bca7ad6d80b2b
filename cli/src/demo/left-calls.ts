import type { Clock } from '@parkade/clock';
import { CallRef, OnOccupied, ParkRequest, PresenceType } from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import { callUnary, openParkClient } from '../client/park-client.js';

const CALL_MS = 5_000;
const MINUTE_MS = 60_000;

/** Who is left parked when the story is over, so that a board has something to show: by extension, each for so many minutes. */
const LEFT = [
  ['702', 'Emmy Noether', '5550110', '201', 5, 'asks for sales', PresenceType.EARLY],
  ['703', 'Niels Bohr', '5550111', '202', 10, '', PresenceType.EARLY],
  ['704', 'Rosalind Franklin', '5550112', '201', 0, 'waits for Dr Watson', PresenceType.CONFIRMED],
  ['705', '', '5550113', '203', 15, '', PresenceType.EARLY],
] as const;

/** Parks some calls that stay. */
export async function leaveCalls(address: string, tenantId: string, clock: Clock): Promise<void> {
  const client = openParkClient(address);
  try {
    for (const [slot, callerName, callerNumber, extension, minutes, note, presenceType] of LEFT) {
      const request = ParkRequest.fromPartial({
        tenantId,
        target: { kind: { $case: 'slot', value: { lotId: '', slot } } },
        call: CallRef.fromPartial({ mediaNode: 'demo', callId: `left-${slot}`, callerName, callerNumber }),
        parker: { userId: '', deviceId: '', extension },
        onOccupied: OnOccupied.REJECT,
        note,
        overrides: { ringbackTimeout: toDuration(minutes * MINUTE_MS), presenceType },
      });
      await callUnary(client.park.bind(client), request, CALL_MS, clock);
    }
  } finally {
    client.close();
  }
}
