import { CommandAnswer } from '@parkade/proto';
import { BinaryReader, BinaryWriter } from '@parkade/proto/wire';
import { oneOfTags } from './one-of-tags.js';

type Result = NonNullable<CommandAnswer['result']>;

/** What an owner answered: which case of `CommandAnswer.result`. */
export type ResultKind = Result['$case'];

const KINDS: readonly ResultKind[] = ['park', 'retrieved', 'slot', 'refusal', 'notOwner', 'hold', 'route', 'partFull'];

const { tagOf, nameOf } = oneOfTags(KINDS, ($case) =>
  CommandAnswer.encode(CommandAnswer.fromPartial({ result: { $case, value: {} } as Result })),
);

const EMPTY = new Uint8Array();

/**
 * An owner's answer, of which only the outside was read: what it holds goes on to the client as the bytes it came as. Read and written
 * again, an answer cost a gateway 6 µs.
 */
export class OwnerAnswer {
  constructor(
    readonly correlationId: number,
    readonly revision: number,
    /** A read: whether it was fenced. */
    readonly fenced: boolean,
    /** Undefined: nothing, or nothing this version knows. */
    readonly kind: ResultKind | undefined,
    /** The encoded message of the result. */
    readonly body: Uint8Array,
  ) {}

  /** As the owner's whole answer would be read; `body` is read now. Throws where it does not decode. */
  result(): CommandAnswer['result'] {
    const tag = this.kind === undefined ? undefined : tagOf.get(this.kind);
    if (tag === undefined) return undefined;
    return CommandAnswer.decode(new BinaryWriter().uint32(tag).bytes(this.body).finish()).result;
  }
}

/** The answers in an encoded `ExchangeResponse`, which are views of it. Throws where it does not decode. */
export function readAnswers(bytes: Uint8Array): OwnerAnswer[] {
  const reader = new BinaryReader(bytes);
  const answers: OwnerAnswer[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    // ExchangeResponse.answers
    if (tag === 10) answers.push(readAnswer(reader, reader.uint32() + reader.pos));
    else reader.skip(tag & 7, tag >>> 3);
  }
  return answers;
}

function readAnswer(reader: BinaryReader, end: number): OwnerAnswer {
  let [correlationId, revision, fenced] = [0, 0, false];
  let kind: ResultKind | undefined;
  let body: Uint8Array = EMPTY;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        correlationId = Number(reader.uint64().toString());
        break;
      case 16:
        revision = Number(reader.int64().toString());
        break;
      case 88:
        fenced = reader.bool();
        break;
      default: {
        const found = nameOf.get(tag);
        if (found === undefined) reader.skip(tag & 7, tag >>> 3);
        else {
          kind = found;
          body = reader.bytes();
        }
      }
    }
  }
  return new OwnerAnswer(correlationId, revision, fenced, kind, body);
}
