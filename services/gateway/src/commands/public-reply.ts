import {
  GetSlotResponse,
  ParkOrRetrieveResponse,
  ParkResponse,
  ReleaseResponse,
  RetrieveResponse,
} from '@parkade/proto';
import { BinaryWriter } from '@parkade/proto/wire';
import type { OwnerAnswer, ResultKind } from '../routing/owner-answer.js';
import type { CommandName, PublicAnswer } from './public-command.js';

/** How the message that answers a command is made of an owner's answer: the numbers of its fields. */
interface Form {
  readonly $case: PublicAnswer['$case'];
  /** Of the owner's result, by its kind; another kind is a defect of the owner. */
  readonly result: Partial<Readonly<Record<ResultKind, number>>>;
  readonly revision?: number;
  readonly fenced?: number;
}

const PARKED: Form = { $case: 'park', result: { park: 1 }, revision: 2 };
const RETRIEVED: Form = { $case: 'retrieve', result: { park: 1, retrieved: 1 }, revision: 2 };

const FORMS: Readonly<Record<CommandName, Form>> = {
  park: PARKED,
  reserve: PARKED,
  completeReservation: PARKED,
  giveBackRetrieve: PARKED,
  movePark: PARKED,
  extendPark: PARKED,
  renewPolicy: PARKED,
  retrieve: RETRIEVED,
  beginRetrieve: RETRIEVED,
  confirmRetrieve: RETRIEVED,
  claimPickup: RETRIEVED,
  parkOrRetrieve: { $case: 'parkOrRetrieve', result: { park: 1, retrieved: 2 }, revision: 3 },
  release: { $case: 'release', result: { park: 1 }, revision: 2 },
  getSlot: { $case: 'getSlot', result: { slot: 1 }, fenced: 2 },
};

const MESSAGE = 2;
const VARINT = 0;

/** The owner's answer as the client of a command gets it. What it holds is copied as it came, unread. */
export class PublicReply {
  readonly #form: Form;
  readonly #tag: number;

  /** Throws on an answer of another kind: a defect of the owner. */
  constructor(
    command: CommandName,
    private readonly answer: OwnerAnswer,
  ) {
    this.#form = FORMS[command];
    const field = answer.kind === undefined ? undefined : this.#form.result[answer.kind];
    if (field === undefined) throw new Error(`the owner answered ${command} with ${answer.kind ?? 'nothing'}`);
    this.#tag = (field << 3) | MESSAGE;
  }

  get $case(): PublicAnswer['$case'] {
    return this.#form.$case;
  }

  /** Writes the message that answers the command. */
  write(writer: BinaryWriter): BinaryWriter {
    const { revision, fenced } = this.#form;
    writer.uint32(this.#tag).bytes(this.answer.body);
    if (revision !== undefined && this.answer.revision !== 0) {
      writer.uint32((revision << 3) | VARINT).uint64(this.answer.revision);
    }
    if (fenced !== undefined && this.answer.fenced) writer.uint32((fenced << 3) | VARINT).bool(true);
    return writer;
  }

  /** The message, encoded. */
  encode(): Buffer {
    return this.write(new BinaryWriter()).finish();
  }

  /** For those who look into it. */
  read(): PublicAnswer {
    const bytes = this.encode();
    const { $case } = this;
    switch ($case) {
      case 'park':
        return { $case, value: ParkResponse.decode(bytes) };
      case 'retrieve':
        return { $case, value: RetrieveResponse.decode(bytes) };
      case 'parkOrRetrieve':
        return { $case, value: ParkOrRetrieveResponse.decode(bytes) };
      case 'release':
        return { $case, value: ReleaseResponse.decode(bytes) };
      case 'getSlot':
        return { $case, value: GetSlotResponse.decode(bytes) };
    }
  }
}
