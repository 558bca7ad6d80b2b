import type { Command } from '@parkade/proto';

/** The operation of a command. */
export type Operation = NonNullable<Command['op']>;

/** Who asks, and under which request id; reads have none. */
export interface Asked {
  readonly tenantId: string;
  readonly requestId: string | undefined;
}

/** The tenant and the request id of an operation, wherever its message carries them. */
export function asked(op: Operation): Asked {
  switch (op.$case) {
    case 'getSlot':
    case 'getPark':
      return { tenantId: op.value.tenantId, requestId: undefined };
    case 'settleMove':
      return { tenantId: op.value.tenantId, requestId: undefined };
    case 'move':
    case 'holdForMove':
      return { tenantId: op.value.request?.tenantId ?? '', requestId: op.value.request?.requestId ?? '' };
    case 'park':
    case 'retrieve':
    case 'beginRetrieve':
    case 'claimPickup':
    case 'confirmRetrieve':
    case 'giveBackRetrieve':
    case 'parkOrRetrieve':
    case 'release':
    case 'extendPark':
    case 'renewPolicy':
    case 'reserve':
    case 'completeReservation':
    case 'routeChoice':
    case 'beginRecall':
    case 'noteRecall':
    case 'endRecall':
      return { tenantId: op.value.tenantId, requestId: op.value.requestId };
  }
}
