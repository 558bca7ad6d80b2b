import { type Park, ParkState, type Slot, type Timestamp } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import { Type } from 'typebox';

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

const parkFields = {
  park_id: Type.String(),
  state: Type.String({ description: 'RESERVED, PARKED, RINGBACK or RETRIEVING.' }),
  call: Type.Object({
    media_node: Type.String(),
    call_id: Type.String(),
    caller_name: Type.String(),
    caller_number: Type.String(),
  }),
  parker: Type.Object({ user_id: Type.String(), device_id: Type.String(), extension: Type.String() }),
  note: Type.String(),
  parked_at: time('When it was parked.'),
  recall_at: time('When it comes back; absent: never.'),
  recall_attempt: Type.Integer({ description: 'How many recalls were begun for it.' }),
  group_id: Type.Optional(Type.String({ description: 'The group that parked it here.' })),
};
const parkSchema = Type.Object(parkFields);

/** A park with its place, as the REST API shows it. */
export const placedParkSchema = Type.Object({
  lot_id: Type.String(),
  slot: Type.String(),
  ...parkFields,
  state: Type.String({ description: 'RESERVED, PARKED, RINGBACK, RETRIEVING, or ENDED.' }),
  end_reason: Type.Optional(
    Type.String({ description: 'ENDED: retrieved, abandoned, moved, released, expired, branched or escaped.' }),
  ),
});

/** A slot in use, as the REST API shows it. */
export const slotSchema = Type.Object({
  lot_id: Type.String(),
  slot: Type.String(),
  revision: Type.Integer({ description: 'Rises with every change of the slot.' }),
  parks: Type.Array(parkSchema, { description: 'Those in it, oldest first.' }),
});

export function slotJson({ lotId, slot, revision, parks }: Slot) {
  return { lot_id: lotId, slot, revision, parks: parks.map(parkJson) };
}

/** A park with its place. */
export function placedParkJson(park: Park) {
  const ended = park.endReason === '' ? {} : { end_reason: park.endReason };
  return { lot_id: park.lotId, slot: park.slot, ...parkJson(park), ...ended };
}

function parkJson(park: Park) {
  const { call, parker } = park;
  return {
    park_id: park.parkId,
    state: ParkState[park.state],
    call: {
      media_node: call?.mediaNode ?? '',
      call_id: call?.callId ?? '',
      caller_name: call?.callerName ?? '',
      caller_number: call?.callerNumber ?? '',
    },
    parker: {
      user_id: parker?.userId ?? '',
      device_id: parker?.deviceId ?? '',
      extension: parker?.extension ?? '',
    },
    note: park.note,
    parked_at: iso(park.parkedAt),
    recall_at: iso(park.recallAt),
    recall_attempt: park.recallAttempt,
    group_id: park.groupId,
  };
}

function iso(at: Timestamp | undefined): string | undefined {
  return at === undefined ? undefined : new Date(timestampMs(at)).toISOString();
}
