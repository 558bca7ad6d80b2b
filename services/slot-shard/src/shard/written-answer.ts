import { CommandAnswer, type ExchangeResponse, SlotShardServiceService } from '@parkade/proto';
import { BinaryWriter } from '@parkade/proto/wire';

/** An answer that was written out for the journal already, so that it is sent as it is: to write it twice took 1.5 µs. */
export interface WrittenAnswer extends CommandAnswer {
  written?: Written;
}

interface Written {
  /** The answer without its correlation id; each revision takes up 8 bytes. */
  readonly bytes: Buffer;
  /** Where the revision of its park is. */
  readonly parkRevisionAt: number;
}

/** Stands for the revision of the commit, which is known last: a varint of 8 bytes whose first, 0xff, is in no text of UTF-8. */
const PLACEHOLDER = Number.MAX_SAFE_INTEGER;
const PLACEHOLDER_BYTES = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);

/** The answer's own revision is its first field: it comes after one byte of tag. */
const REVISION_AT = 1;

/**
 * An answer as it is journalled. One with a park can be sent as it was written; of all others the revision is put in when they are
 * decoded.
 */
export function writeAnswer(answer: WrittenAnswer): Buffer {
  const { result } = answer;
  if (result?.$case !== 'park' && result?.$case !== 'retrieved') return CommandAnswer.encode(answer).finish();
  const park = result.value;
  answer.revision = PLACEHOLDER;
  park.revision = PLACEHOLDER;
  const bytes = CommandAnswer.encode(answer).finish();
  answer.revision = 0;
  park.revision = 0;
  const parkRevisionAt = bytes.indexOf(PLACEHOLDER_BYTES, REVISION_AT + PLACEHOLDER_BYTES.length);
  answer.written = { bytes, parkRevisionAt };
  return bytes;
}

/** Puts the commit's revision where the answer and its park show it. Changes `answer`. */
export function withRevision(answer: WrittenAnswer, revision: number): CommandAnswer {
  answer.revision = revision;
  const { result, written } = answer;
  if (result?.$case === 'hold') result.value.recordRevision = revision;
  if (result?.$case === 'park' || result?.$case === 'retrieved') result.value.revision = revision;
  if (written !== undefined) {
    putRevision(written.bytes, REVISION_AT, revision);
    putRevision(written.bytes, written.parkRevisionAt, revision);
  }
  return answer;
}

/** A varint that takes up 8 bytes, whatever the number. */
function putRevision(bytes: Buffer, at: number, revision: number): void {
  let rest = revision;
  for (let i = at; i < at + 7; i++) {
    bytes[i] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at + 7] = rest;
}

/** The bytes of a message of answers. */
export function writeAnswers({ answers }: ExchangeResponse): Buffer {
  const writer = new BinaryWriter();
  for (const answer of answers as readonly WrittenAnswer[]) {
    const { correlationId, written } = answer;
    // Field 1 of the message; in it, field 1 of the answer.
    writer.uint32(10).fork();
    if (written === undefined) CommandAnswer.encode(answer, writer);
    else writer.uint32(8).uint64(correlationId).message(written.bytes);
    writer.join();
  }
  return writer.finish();
}

/** The service as owners serve it: answers that are written out are not written again. */
export const OWNER_SERVICE: SlotShardServiceService = {
  ...SlotShardServiceService,
  exchange: { ...SlotShardServiceService.exchange, responseSerialize: writeAnswers },
};
