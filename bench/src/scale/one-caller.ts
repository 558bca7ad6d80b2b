import { credentials, type Metadata } from '@grpc/grpc-js';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { type ParkRequest, ParkServiceClient, ReleaseCause } from '@parkade/proto';
import { CHANNEL_OPTIONS } from '@parkade/rpc';
import { parkOf } from '../processes/requests.js';
import { bearer } from '../processes/trust.js';

const [clock, random] = [new SystemClock(), new SystemRandom()];

/** What is measured is how long things take: they are given the time. */
const LONG_MS = 30_000;

/** Where a call is parked: in a slot, or, without one, in any of the lot. */
export interface Place {
  readonly tenantId: string;
  readonly lotId: string;
  readonly slot?: string;
}

/** One client of a gateway, that asks one thing at a time. */
export class OneCaller {
  readonly #client: ParkServiceClient;

  readonly #who: Metadata;

  constructor(gateway: string, token: string) {
    this.#who = bearer(token);
    this.#client = new ParkServiceClient(gateway, credentials.createInsecure(), { ...CHANNEL_OPTIONS });
  }

  /** Parks; resolves to the park's id. */
  park(place: Place, timeoutMs = LONG_MS): Promise<string> {
    const request = parkRequest(place);
    return new Promise((resolve, reject) => {
      this.#client.park(request, this.#who, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        if (error === null) resolve(answer.park?.parkId ?? '');
        else reject(error);
      });
    });
  }

  release(tenantId: string, parkId: string): Promise<void> {
    const requestId = newRequestId(clock.nowMs(), random);
    const request = { requestId, tenantId, parkId, cause: ReleaseCause.RELEASED, callId: '', destination: undefined };
    return new Promise((resolve, reject) => {
      this.#client.release(request, this.#who, { deadline: Date.now() + LONG_MS }, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

function parkRequest({ tenantId, lotId, slot }: Place): ParkRequest {
  const callId = `4f8a6c1e-7b1d-4c58-9a50-${Buffer.from(random.bytes(6)).toString('hex')}`;
  const request = parkOf({ tenantId, slot: slot ?? '', callId });
  const kind =
    slot === undefined
      ? ({ $case: 'lot', value: { lotId, selection: 0, maxSlotNumber: 0 } } as const)
      : ({ $case: 'slot', value: { lotId, slot } } as const);
  return { ...request, target: { kind } };
}
