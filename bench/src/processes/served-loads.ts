import { RawHttp2 } from './raw-http2.js';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { Direction, ParkRequest, ParkServiceService } from '@parkade/proto';
import { ECHO } from './echo-service.js';
import type { LoadSetup, Opened } from './run-load.js';

const CONNECTIONS = 8;

/** The lots of this load: automatic parks fill one after the other, each is used by one run. */
export const SERVED_TENANT = 'served';
export const SERVED_LOTS = 64;
export const SERVED_SLOTS = { first: '100001', last: '999999' } as const;

/** Durable parks, each of a call of its own, into whatever slot of a large empty lot is next; nobody fetches them. */
export function servedParks(address: string, { tokenOf }: LoadSetup): Opened {
  return served(address, ParkServiceService.park.path, tokenOf(SERVED_TENANT));
}

/** The same messages, echoed. */
export function servedEchoes(address: string): Opened {
  return served(address, ECHO.echo.path);
}

let runs = 0;

function served(address: string, path: string, token?: string): Opened {
  const waiting = new Map<number, (failure?: string) => void>();
  const connections = Array.from({ length: CONNECTIONS }, (_, i) => {
    return new RawHttp2({ address, path, token }, (stream, ok) => {
      const key = stream * CONNECTIONS + i;
      const done = waiting.get(key);
      waiting.delete(key);
      done?.(ok ? undefined : 'refused');
    });
  });
  const body = new Body(++runs % SERVED_LOTS);
  return {
    operate: (worker, _turn, done) => {
      const i = worker % CONNECTIONS;
      const stream = connections[i]?.call(body.next()) ?? 0;
      waiting.set(stream * CONNECTIONS + i, done);
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

/** A request of which only the call's id changes; encoding each anew would cost more than sending it. */
class Body {
  readonly #bytes: Buffer;
  readonly #at: number;
  readonly #digits: number;
  #count = 0;

  constructor(lot: number) {
    // Different in each run: a call that is parked already is refused.
    const run = newRequestId(new SystemClock().nowMs(), new SystemRandom());
    const placeholder = '0000000000';
    const callId = `${run}-${placeholder}`;
    const request = ParkRequest.fromPartial({
      tenantId: SERVED_TENANT,
      target: { kind: { $case: 'lot', value: { lotId: `lot-${lot}` } } },
      call: {
        mediaNode: 'media-1',
        callId,
        callerName: 'Ada Lovelace',
        callerNumber: '+441632960001',
        direction: Direction.INBOUND,
        sipCallId: `${run}@198.51.100.7`,
      },
      parker: { userId: 'alice', deviceId: 'desk-42', extension: '4217' },
    });
    this.#bytes = Buffer.from(ParkRequest.encode(request).finish());
    this.#at = this.#bytes.indexOf(callId) + run.length + 1;
    this.#digits = placeholder.length;
  }

  /** To be sent before the next is asked for; its connection copies it. */
  next(): Buffer {
    this.#bytes.write(String(++this.#count).padStart(this.#digits, '0'), this.#at, 'latin1');
    return this.#bytes;
  }
}
