import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { Direction, MediaControl, OnOccupied, type ParkRequest, type RetrieveRequest } from '@parkade/proto';

const clock = new SystemClock();
const random = new SystemRandom();

/** The load's tenants: so many lots, and so nearly as many shards, are in use at a time. */
const TENANTS = 32;
export const LOAD_TENANTS: readonly string[] = Array.from({ length: TENANTS }, (_, i) => `tenant-${i}`);
const FIRST_SLOT = 101;

/** The slot that one worker has to itself. */
export interface WorkerSlot {
  readonly tenantId: string;
  readonly slot: string;
  readonly callId: string;
}

export function workerSlot(worker: number): WorkerSlot {
  return {
    tenantId: LOAD_TENANTS[worker % TENANTS] ?? '',
    slot: String(FIRST_SLOT + Math.floor(worker / TENANTS)),
    callId: `3f8a6c1e-7b1d-4c58-9a50-${worker.toString(16).padStart(12, '0')}`,
  };
}

/** The same in one tenant. */
export function tenantSlot(worker: number, tenantId: string): WorkerSlot {
  return { ...workerSlot(worker), tenantId, slot: String(FIRST_SLOT + worker) };
}

/**
 * A park as a switch would ask for it; some 250 bytes. Made as it is: by `fromPartial`, which a client that counts its CPU would not use
 * either, it costs 3 µs more.
 */
export function parkOf({ tenantId, slot, callId }: WorkerSlot): ParkRequest {
  return {
    requestId: newRequestId(clock.nowMs(), random),
    tenantId,
    target: { kind: { $case: 'slot', value: { lotId: 'default', slot } } },
    call: {
      mediaNode: 'media-1',
      callId,
      callerName: 'Ada Lovelace',
      callerNumber: '+441632960001',
      direction: Direction.INBOUND,
      sipCallId: `${callId}@198.51.100.7`,
    },
    parker: { userId: 'alice', deviceId: 'desk-42', extension: '4217' },
    note: '',
    onOccupied: OnOccupied.UNSPECIFIED,
    mediaControl: MediaControl.UNSPECIFIED,
    overrides: undefined,
  };
}

/** The retrieve that empties the slot again. */
export function retrieveOf({ tenantId, slot }: WorkerSlot): RetrieveRequest {
  return {
    requestId: newRequestId(clock.nowMs(), random),
    tenantId,
    from: { $case: 'slot', value: { lotId: 'default', slot } },
    retriever: {
      mediaNode: 'media-1',
      callId: '9c0b7d55-2f7e-4a6b-8f9e-0a1b2c3d4e5f',
      callerName: 'Grace Hopper',
      callerNumber: '4218',
      direction: Direction.INBOUND,
      sipCallId: '',
    },
    mediaControl: MediaControl.UNSPECIFIED,
    giveUpAfter: undefined,
  };
}
