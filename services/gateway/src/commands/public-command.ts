import {
  ClaimPickupRequest,
  type CommandsRequest,
  type CommandsResponse,
  CompleteReservationRequest,
  ConfirmRetrieveRequest,
  ExtendParkRequest,
  GetSlotRequest,
  GiveBackRetrieveRequest,
  MoveParkRequest,
  ParkOrRetrieveRequest,
  ParkRequest,
  ReleaseRequest,
  RenewPolicyRequest,
  ReserveRequest,
  RetrieveRequest,
} from '@parkade/proto';

/** A command as clients give it, alone or on a `Commands` stream: one of the cases of `CommandsRequest.command`. */
export type PublicCommand = NonNullable<CommandsRequest['command']>;

/** The name of a command. */
export type CommandName = PublicCommand['$case'];

/** A command that changes state, and so carries a request id. */
export type ChangingCommand = Exclude<PublicCommand, { readonly $case: 'getSlot' }>;

/** An answer as clients get it: one of the cases of `CommandsResponse.answer` that is not an error. */
export type PublicAnswer = Exclude<NonNullable<CommandsResponse['answer']>, { readonly $case: 'error' }>;

interface Encoder<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

/** The request of each command. */
const REQUESTS: {
  readonly [Name in CommandName]: Encoder<Extract<PublicCommand, { readonly $case: Name }>['value']>;
} = {
  park: ParkRequest,
  reserve: ReserveRequest,
  completeReservation: CompleteReservationRequest,
  retrieve: RetrieveRequest,
  beginRetrieve: RetrieveRequest,
  confirmRetrieve: ConfirmRetrieveRequest,
  giveBackRetrieve: GiveBackRetrieveRequest,
  claimPickup: ClaimPickupRequest,
  parkOrRetrieve: ParkOrRetrieveRequest,
  release: ReleaseRequest,
  movePark: MoveParkRequest,
  extendPark: ExtendParkRequest,
  renewPolicy: RenewPolicyRequest,
  getSlot: GetSlotRequest,
};

/**
 * The canonical encoding of the request: what this version does not know, and so has not judged, is left out. The bytes it came as
 * would cost 1.5 µs less, but an owner of another version could read something else in them.
 */
export function encodeRequest({ $case, value }: PublicCommand): Uint8Array {
  return (REQUESTS[$case] as Encoder<PublicCommand['value']>).encode(value).finish();
}
