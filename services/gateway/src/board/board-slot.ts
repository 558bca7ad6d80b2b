import type { BoardPark, BoardParkState, BoardSlot, LampState } from '@parkade/board';
import { MediaControl, type Park, ParkState, PresenceType, type Slot } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';

/** A slot as the park board shows it. */
export function boardSlot({ lotId, slot, revision, presence, parks }: Slot): BoardSlot {
  return { lotId, slot, revision, lamp: lampState(presence), parks: parks.map(boardPark) };
}

function boardPark(park: Park): BoardPark {
  const { call, parker, retriever, recallAt, parkedAt } = park;
  return {
    parkId: park.parkId,
    state: parkState(park.state),
    callerName: call?.callerName ?? '',
    callerNumber: call?.callerNumber ?? '',
    parker: firstOf(parker?.extension, parker?.userId),
    note: park.note,
    parkedAtMs: parkedAt === undefined ? 0 : timestampMs(parkedAt),
    recallAtMs: recallAt === undefined ? 0 : timestampMs(recallAt),
    recallAttempt: park.recallAttempt,
    mediaNode: call?.mediaNode ?? '',
    clusterMedia: park.mediaControl === MediaControl.CLUSTER,
    retriever: firstOf(retriever?.callerName, retriever?.callerNumber),
  };
}

function firstOf(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== '') ?? '';
}

function lampState(presence: PresenceType): LampState {
  switch (presence) {
    case PresenceType.EARLY:
      return 'early';
    case PresenceType.CONFIRMED:
      return 'confirmed';
    default:
      return 'off';
  }
}

function parkState(state: ParkState): BoardParkState {
  switch (state) {
    case ParkState.RESERVED:
      return 'reserved';
    case ParkState.RINGBACK:
      return 'ringback';
    case ParkState.RETRIEVING:
      return 'retrieving';
    default:
      return 'parked';
  }
}
