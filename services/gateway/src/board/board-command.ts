import type { BoardCommand } from '@parkade/board';
import {
  CallRef,
  ExtendParkRequest,
  MediaControl,
  MoveParkRequest,
  ReleaseCause,
  ReleaseRequest,
  RetrieveRequest,
} from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import { type Static, Type } from 'typebox';
import type { PublicCommand } from '../commands/public-command.js';

const id = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[\\x21-\\x7e]+$' });

/** The soonest a call can be told to come back. */
const SOONEST_MS = 1_000;
const MAX_SECONDS = 30 * 24 * 3_600;

/** The body of a command: one of those that `BoardCommand` names. */
export const boardCommandSchema = Type.Object(
  {
    tenantId: id(64),
    parkId: id(64),
    do: Type.Enum(['retrieve', 'move', 'extend', 'recall', 'release']),
    extension: Type.Optional(id(64)),
    lotId: Type.Optional(id(64)),
    slot: Type.Optional(id(64)),
    recallInSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_SECONDS })),
  },
  { additionalProperties: false },
);

/** What was asked for, with the fields it needs; undefined where one is missing. */
export function readBoardCommand(body: Static<typeof boardCommandSchema>): BoardCommand | undefined {
  const { tenantId, parkId, extension, lotId, slot, recallInSeconds } = body;
  const park = { tenantId, parkId };
  switch (body.do) {
    case 'retrieve':
      return extension === undefined ? undefined : { ...park, do: body.do, extension };
    case 'move':
      return lotId === undefined || slot === undefined ? undefined : { ...park, do: body.do, lotId, slot };
    case 'extend':
      return recallInSeconds === undefined ? undefined : { ...park, do: body.do, recallInSeconds };
    case 'recall':
    case 'release':
      return { ...park, do: body.do };
  }
}

/** The command of the public API that a command of the board stands for. */
export function publicCommand(command: BoardCommand): PublicCommand {
  const { tenantId, parkId } = command;
  const park = { tenantId, parkId };
  switch (command.do) {
    case 'retrieve': {
      // Whoever parked the call connects the two; who takes it is known by his extension.
      const { extension } = command;
      const call = { mediaNode: 'board', callId: `extension-${extension}`, callerNumber: extension };
      const retriever = CallRef.fromPartial(call);
      const mediaControl = MediaControl.CALLER;
      const from = { $case: 'parkId', value: parkId } as const;
      return { $case: 'retrieve', value: RetrieveRequest.fromPartial({ tenantId, from, retriever, mediaControl }) };
    }
    case 'move': {
      const { lotId, slot } = command;
      return { $case: 'movePark', value: MoveParkRequest.fromPartial({ ...park, slot: { lotId, slot } }) };
    }
    case 'extend':
      return extend(park, command.recallInSeconds * 1_000);
    case 'recall':
      return extend(park, SOONEST_MS);
    case 'release':
      return { $case: 'release', value: ReleaseRequest.fromPartial({ ...park, cause: ReleaseCause.RELEASED }) };
  }
}

function extend(park: { readonly tenantId: string; readonly parkId: string }, recallInMs: number): PublicCommand {
  const recallIn = toDuration(recallInMs);
  return { $case: 'extendPark', value: { ...ExtendParkRequest.fromPartial(park), recallIn } };
}
