import { CommandError, CommandsResponse } from '@parkade/proto';
import { BinaryWriter } from '@parkade/proto/wire';
import { Refused } from '@parkade/rpc';
import type { PublicAnswer } from '../commands/public-command.js';
import type { PublicReply } from '../commands/public-reply.js';
import { oneOfTags } from '../routing/one-of-tags.js';

/** An answer on its way to a client. */
export interface Answered {
  readonly correlationId: number;
  readonly answer: PublicReply | Refused;
}

/** Tags of `CommandsResponse`. */
const CORRELATION_ID = 8;
const ERROR = 58;
const BATCH = 66;

const { tagOf } = oneOfTags<PublicAnswer['$case']>(
  ['park', 'retrieve', 'parkOrRetrieve', 'release', 'getSlot'],
  ($case) => CommandsResponse.encode(CommandsResponse.fromPartial({ answer: { $case, value: {} } as PublicAnswer })),
);

/** The encoded `CommandsResponse` of many answers as a batch, or of one without. */
export function encodeAnswers(answered: readonly Answered[], batched: boolean): Buffer {
  const writer = new BinaryWriter();
  for (const each of answered) {
    if (batched) writer.uint32(BATCH).fork();
    writeAnswer(writer, each);
    if (batched) writer.join();
  }
  return writer.finish();
}

function writeAnswer(writer: BinaryWriter, { correlationId, answer }: Answered): void {
  if (correlationId !== 0) writer.uint32(CORRELATION_ID).uint64(correlationId);
  if (answer instanceof Refused) {
    const { code, reason, message, metadata } = answer;
    writer.uint32(ERROR).fork();
    CommandError.encode({ code, reason, message, metadata: { ...metadata } }, writer);
    writer.join();
    return;
  }
  const tag = tagOf.get(answer.$case);
  if (tag === undefined) throw new Error(`no answer of a stream is ${answer.$case}`);
  writer.uint32(tag).fork();
  answer.write(writer);
  writer.join();
}
