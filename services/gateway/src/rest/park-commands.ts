import { invalidField } from '@parkade/admin';
import { actorOf, commandNeeds, permit } from '@parkade/identity';
import { EXTENSION_LOT } from '@parkade/ids';
import {
  CallRef,
  MediaControl,
  OnOccupied,
  type Park,
  Parker,
  ParkRequest,
  RetrieveRequest,
  Selection,
  type Target,
} from '@parkade/proto';
import { Refused, toDuration } from '@parkade/rpc';
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { PublicCommand } from '../commands/public-command.js';
import { type Caller, peerOf } from '../http/caller.js';
import type { HttpDeps } from '../http/plugins.js';
import type { call, parkBody, retrieveBody } from './schemas/parks.js';

/** The park that a command ended with, and the revision of its slot. */
export interface Done {
  readonly park: Park;
  readonly revision: number;
}

/** Does a command for a caller who has the rights it needs, in the lot it turns out to be about. */
export async function doCommand(
  request: FastifyRequest,
  { principal }: Caller,
  command: PublicCommand,
  { execute, lotOf }: Pick<HttpDeps, 'execute' | 'lotOf'>,
): Promise<Done | Refused> {
  const refused = await permit(principal, commandNeeds({ command }), lotOf);
  if (refused !== undefined) return refused;
  const answer = await execute(command, actorOf(principal, peerOf(request), `REST ${command.$case}`));
  if (answer instanceof Refused) return answer;
  const { value } = answer;
  if (!('park' in value) || value.park === undefined) throw new Error(`${command.$case} was answered with no park`);
  return { park: value.park, revision: value.revision };
}

/** What `Idempotency-Key` says; empty: nothing. */
export function requestIdOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  return typeof key === 'string' ? key : '';
}

/** A call, as the protos have it. */
export function callRef({ media_node, call_id, caller_name, caller_number }: Static<typeof call>): CallRef {
  return CallRef.fromPartial({
    mediaNode: media_node,
    callId: call_id,
    callerName: caller_name ?? '',
    callerNumber: caller_number ?? '',
  });
}

/** The command that parks a call; refused where it is not clear where. */
export function parkCommand(
  tenantId: string,
  requestId: string,
  body: Static<typeof parkBody>,
): PublicCommand | Refused {
  const { lot_id: lotId = '', slot, extension, group_id: groupId, parker } = body;
  if ([slot, extension, groupId].filter((one) => one !== undefined).length > 1) {
    return invalidField('slot', 'must come alone: give one of slot, extension and group_id, or none');
  }
  if (lotId !== '' && (extension ?? groupId) !== undefined) {
    return invalidField('lot_id', 'goes with a slot, or alone');
  }
  const value = ParkRequest.fromPartial({
    ...{ tenantId, requestId, call: callRef(body.call), note: body.note ?? '' },
    parker: Parker.fromPartial({
      userId: parker?.user_id ?? '',
      deviceId: parker?.device_id ?? '',
      extension: parker?.extension ?? '',
    }),
    onOccupied: OnOccupied[body.on_occupied ?? 'UNSPECIFIED'],
    mediaControl: MediaControl[body.media_control ?? 'CALLER'],
    ...(body.recall_in === undefined ? {} : { overrides: { ringbackTimeout: toDuration(body.recall_in * 1_000) } }),
  });
  return { $case: 'park', value: { ...value, target: { kind: targetOf(body) } } };
}

function targetOf({ lot_id: lotId = '', slot, extension, group_id: groupId }: Static<typeof parkBody>): Target['kind'] {
  if (slot !== undefined) return { $case: 'slot', value: { lotId, slot } };
  if (extension !== undefined) return { $case: 'extension', value: { extension } };
  if (groupId !== undefined) return { $case: 'group', value: { groupId } };
  return { $case: 'lot', value: { lotId, selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } };
}

/** The command that takes the oldest call of a slot, or one by its park id. */
export function retrieveCommand(
  tenantId: string,
  requestId: string,
  from: { readonly parkId: string } | { readonly lotId: string; readonly slot: string },
  body: Static<typeof retrieveBody>,
): PublicCommand {
  const value = RetrieveRequest.fromPartial({
    ...{ tenantId, requestId, retriever: callRef(body.retriever) },
    mediaControl: MediaControl[body.media_control ?? 'CALLER'],
  });
  return { $case: 'retrieve', value: { ...value, from: sourceOf(from) } };
}

function sourceOf(from: Parameters<typeof retrieveCommand>[2]): RetrieveRequest['from'] {
  if ('parkId' in from) return { $case: 'parkId', value: from.parkId };
  const { lotId, slot } = from;
  return lotId === EXTENSION_LOT
    ? { $case: 'extension', value: { extension: slot } }
    : { $case: 'slot', value: { lotId, slot } };
}
