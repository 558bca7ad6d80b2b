import { type CallRef, MediaControl, Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { COMMAND_RULES } from '../validation/request-rules.js';
import type { Rule } from '../validation/rule.js';
import { validate } from '../validation/validate.js';
import type { PublicCommand } from './public-command.js';

/** Why a command is refused before anybody is asked; undefined when it is good. Pure but for `isRegistered`. */
export function checkCommand(
  command: PublicCommand,
  nowMs: number,
  isRegistered: (mediaNode: string) => boolean,
): Refused | undefined {
  const invalid = validate(COMMAND_RULES[command.$case] as Rule<unknown>, command.value, nowMs);
  if (invalid !== undefined) return invalid;
  const call = drivenCall(command);
  if (call === undefined || isRegistered(call.mediaNode)) return undefined;
  const message =
    `No media node ${call.mediaNode} is registered: register it, or move the media yourself with ` +
    'media_control MEDIA_CONTROL_CALLER.';
  return new Refused(Reason.MEDIA_NODE_UNKNOWN, message, { media_node: call.mediaNode });
}

/** The call whose media the cluster is asked to move. */
function drivenCall(command: PublicCommand): CallRef | undefined {
  switch (command.$case) {
    case 'park':
    case 'reserve':
    case 'parkOrRetrieve':
      return command.value.mediaControl === MediaControl.CLUSTER ? command.value.call : undefined;
    case 'retrieve':
    case 'beginRetrieve':
      return command.value.mediaControl === MediaControl.CLUSTER ? command.value.retriever : undefined;
    default:
      return undefined;
  }
}
