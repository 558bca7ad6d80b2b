import { invalidField, type ParkServer as Server, type ParkServers } from '@parkade/admin';
import type { Duration } from '@parkade/proto';
import type { AdminServiceServer, ParkServer, ParkServerPrompt, UpdateParkServerRequest } from '@parkade/proto/admin';
import { durationMs, Refused, toDuration } from '@parkade/rpc';
import { type AdminRpc } from './handling.js';
import { recallToOf, recallToProto } from './recall-to.js';

/** The RPCs of the call park server. */
export function parkServerRpcs(
  rpc: AdminRpc,
  parkServers: ParkServers,
): Pick<AdminServiceServer, 'getParkServer' | 'updateParkServer'> {
  return {
    getParkServer: rpc(async ({ tenantId }) => {
      const found = await parkServers.show(tenantId);
      return found instanceof Refused ? found : { parkServer: parkServer(found.value, found.revision) };
    }),
    updateParkServer: rpc(async (request: UpdateParkServerRequest) => {
      const { tenantId, expectedRevision, enabled, extensionNumber, ringGroupId, promptFileId } = request;
      const recallTo = recallToOf(request.recallTo);
      if (recallTo instanceof Refused) return recallTo;
      const recallTime = seconds('recall_time', request.recallTime);
      if (recallTime instanceof Refused) return recallTime;
      const groupTime = seconds('recall_ring_group_time', request.recallRingGroupTime);
      if (groupTime instanceof Refused) return groupTime;
      const patch = {
        enabled,
        extension_number: extensionNumber,
        recall_to: recallTo.word,
        recall_time: recallTime,
        recall_ring_group_time: groupTime,
        ring_group_id: ringGroupId,
        prompt_file_id: promptFileId,
        send_notification_to_parker: request.sendNotificationToParker,
      };
      const written = await parkServers.update(tenantId, patch, { expectedRevision });
      return written instanceof Refused ? written : { revision: written.revision };
    }),
  };
}

function parkServer(server: Server, revision: number): ParkServer {
  return {
    enabled: server.enabled,
    extensionNumber: server.extension_number ?? '',
    recallTo: recallToProto(server.recall_to),
    recallTime: server.recall_time === undefined ? undefined : toDuration(server.recall_time * 1_000),
    recallRingGroupTime:
      server.recall_ring_group_time === undefined ? undefined : toDuration(server.recall_ring_group_time * 1_000),
    ringGroupId: server.ring_group_id ?? '',
    promptFile: promptFile(server),
    revision,
    sendNotificationToParker: server.send_notification_to_parker,
  };
}

function promptFile({ prompt_file_name: name, ...server }: Server): ParkServerPrompt | undefined {
  if (name === undefined) return undefined;
  return { name, sizeBytes: server.prompt_file_size ?? 0, url: server.prompt_file_url ?? '' };
}

/** Whole seconds; what is within their range is asked by the rules. */
function seconds(field: string, duration: Duration | undefined): number | undefined | Refused {
  if (duration === undefined) return undefined;
  if (duration.nanos !== 0) return invalidField(field, 'must be a whole number of seconds');
  return durationMs(duration) / 1_000;
}
