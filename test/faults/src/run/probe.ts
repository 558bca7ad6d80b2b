import { setTimeout as delay } from 'node:timers/promises';
import type { Request } from '@parkade/checker';
import { homeShard } from '@parkade/ids';
import type { ParkServiceClient } from '@parkade/proto';
import { park, parkRequest, pick, retrieve, retrieveParkRequest } from '@parkade/test';

const ATTEMPT_MS = 3_000;
const PAUSE_MS = 20;
/** Of one request; and as many when the run is over. */
const MAX_ATTEMPTS = 3_000;
const ATTEMPTS_AFTER = 10;

interface Answered {
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** A tenant whose lot `default` is on each shard of a cluster. */
export function tenantsOfShards(shards: number): readonly string[] {
  const tenants: string[] = [];
  for (let found = 0, i = 0; found < shards; i++) {
    const shard = homeShard(`probe-${i}`, 'default', shards);
    if (tenants[shard] !== undefined) continue;
    tenants[shard] = `probe-${i}`;
    found++;
  }
  return tenants;
}

/**
 * Parks and retrieves on every shard, one call after the other, from the beginning of a fault on: tells when a shard served
 * again. What is not answered is asked again, under the same request id, through the other gateway.
 */
export class Probe {
  readonly requests: Request[] = [];
  /** Slots that never answered. */
  readonly odd: string[] = [];
  /** Requests that the first gateway asked did not answer. */
  failures = 0;
  readonly #answered: Answered[][];
  readonly #working: Promise<unknown>;
  #over = false;

  constructor(
    private readonly clients: readonly ParkServiceClient[],
    tenants: readonly string[],
  ) {
    this.#answered = tenants.map(() => []);
    this.#working = Promise.all(tenants.map((tenant, shard) => this.#work(tenant, shard)));
  }

  /** Resolves to how long after `sinceMs` each of the shards first answered a request that was made after that. */
  async servedAgain(shards: readonly number[], sinceMs: number, limitMs = 60_000): Promise<readonly number[]> {
    const endMs = sinceMs + limitMs;
    const first = (shard: number): Answered | undefined =>
      this.#answered[shard]?.find(({ askedAt }) => askedAt >= sinceMs);
    while (shards.some((shard) => first(shard) === undefined) && performance.now() < endMs) await delay(10);
    return shards.map((shard) => (first(shard)?.answeredAt ?? endMs) - sinceMs);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#working;
  }

  async #work(tenant: string, shard: number): Promise<void> {
    for (let n = shard; !this.#over; n++) {
      const parking = parkRequest(tenant, 'probe', `call-${n}`);
      const parked = await this.#atLast(shard, n, (client) => park(client, parking, ATTEMPT_MS));
      this.requests.push(requestOf(parking.requestId, 'park', parked?.parkId));
      if (parked === undefined) return;
      const taking = retrieveParkRequest(tenant, parked.parkId, `phone-${n}`);
      const taken = await this.#atLast(shard, n, (client) => retrieve(client, taking, ATTEMPT_MS));
      this.requests.push(requestOf(taking.requestId, 'retrieve', taken?.parkId));
      if (taken === undefined) return;
      await delay(PAUSE_MS);
    }
  }

  async #atLast<T>(
    shard: number,
    first: number,
    ask: (client: ParkServiceClient) => Promise<T>,
  ): Promise<T | undefined> {
    const askedAt = performance.now();
    let last: unknown;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && !(this.#over && attempt > ATTEMPTS_AFTER); attempt++) {
      try {
        const answer = await ask(pick(this.clients, first + attempt));
        this.#answered[shard]?.push({ askedAt, answeredAt: performance.now() });
        return answer;
      } catch (error) {
        last = error;
        this.failures++;
        await delay(PAUSE_MS);
      }
    }
    this.odd.push(`shard ${shard} does not answer: ${String(last)}`);
    return undefined;
  }
}

function requestOf(requestId: string, kind: Request['kind'], parkId: string | undefined): Request {
  return { requestId, kind, parkId, others: [], refused: false };
}
