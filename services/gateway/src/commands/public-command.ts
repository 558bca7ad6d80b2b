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

/** A command that changes state, and so carries a request id. */
export type ChangingCommand = Exclude<PublicCommand, { readonly $case: 'getSlot' }>;

/** An answer as clients get it: one of the cases of `CommandsResponse.answer` that is not an error. */
export type PublicAnswer = Exclude<NonNullable<CommandsResponse['answer']>, { readonly $case: 'error' }>;

/** The canonical encoding of the request: what this version does not know is left out. */
export function encodeRequest(command: PublicCommand): Uint8Array {
  switch (command.$case) {
    case 'park':
      return ParkRequest.encode(command.value).finish();
    case 'reserve':
      return ReserveRequest.encode(command.value).finish();
    case 'completeReservation':
      return CompleteReservationRequest.encode(command.value).finish();
    case 'retrieve':
    case 'beginRetrieve':
      return RetrieveRequest.encode(command.value).finish();
    case 'confirmRetrieve':
      return ConfirmRetrieveRequest.encode(command.value).finish();
    case 'giveBackRetrieve':
      return GiveBackRetrieveRequest.encode(command.value).finish();
    case 'claimPickup':
      return ClaimPickupRequest.encode(command.value).finish();
    case 'parkOrRetrieve':
      return ParkOrRetrieveRequest.encode(command.value).finish();
    case 'release':
      return ReleaseRequest.encode(command.value).finish();
    case 'movePark':
      return MoveParkRequest.encode(command.value).finish();
    case 'extendPark':
      return ExtendParkRequest.encode(command.value).finish();
    case 'renewPolicy':
      return RenewPolicyRequest.encode(command.value).finish();
    case 'getSlot':
      return GetSlotRequest.encode(command.value).finish();
  }
}
