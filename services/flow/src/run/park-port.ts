import type {
  CallKey,
  CompleteReservationRequest,
  Park,
  ParkOrRetrieveRequest,
  ParkRequest,
  ReserveRequest,
  RetrieveRequest,
} from '@parkade/proto';
import type { Refused } from '@parkade/rpc';

/**
 * What an execution needs of the gateways. Each resolves at `endMs` (monotonic) at the latest, and never rejects; a park that
 * was begun to be retrieved, or only reserved, says so by its state.
 */
export interface ParkPort {
  park(request: ParkRequest, endMs: number): Promise<Park | Refused>;
  reserve(request: ReserveRequest, endMs: number): Promise<Park | Refused>;
  completeReservation(request: CompleteReservationRequest, endMs: number): Promise<Park | Refused>;
  parkOrRetrieve(request: ParkOrRetrieveRequest, endMs: number): Promise<Park | Refused>;
  beginRetrieve(request: RetrieveRequest, endMs: number): Promise<Park | Refused>;
  /** The park a call is in, or has reserved; undefined: it is in none. */
  parkOfCall(tenantId: string, call: CallKey, endMs: number): Promise<Park | undefined | Refused>;
}
