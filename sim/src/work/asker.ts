import { type Attempt, attemptOf, type Request, type Told } from '@parkade/checker';
import type { Clock, Random } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { type Park, type ParkServiceClient, Reason } from '@parkade/proto';
import type { Cluster } from '../world/cluster.js';
import type { Trace } from '../world/trace.js';

export type Kind = Request['kind'];
/** Puts one request to a gateway. */
export type Send = (client: ParkServiceClient, timeoutMs: number) => Promise<{ readonly park: Park | undefined }>;
/** Makes a request under an id. */
export type Make = (requestId: string) => Send;

export interface Asked {
  readonly requestId: string;
  readonly attempts: readonly Attempt[];
  /** What it was done to; undefined: refused, or nobody knows. */
  readonly park: Park | undefined;
}

/** Puts requests to gateways as clients do: perhaps twice at once, and again elsewhere while nothing is heard. Keeps what was told. */
export class Asker {
  readonly requests: Request[] = [];
  /** Answers that took back what was answered before. */
  readonly odd: string[] = [];
  /** Requests put to a gateway, repetitions included. */
  commands = 0;
  readonly clock: Clock;
  readonly #trace: Trace;

  constructor(
    cluster: Cluster,
    private readonly random: Random,
    /** The gateways that are asked. */
    private readonly clients: readonly ParkServiceClient[],
  ) {
    this.clock = cluster.callers.clock;
    this.#trace = cluster.world.trace;
  }

  /** `as` undefined: a request that leaves the park where it is. */
  async ask(as: Kind | undefined, what: string, make: Make): Promise<Asked> {
    const { random, clients } = this;
    const requestId = newRequestId(this.clock.nowMs(), random);
    const send = make(requestId);
    let at = Math.floor(random.next() * clients.length);
    const attempts: Attempt[] = [];
    const one = async (): Promise<void> => {
      const client = clients[at++ % clients.length];
      if (client === undefined) throw new Error('there are no gateways');
      const timeoutMs = 100 + random.next() * 1_400;
      this.commands++;
      attempts.push(await attemptOf(this.clock, async () => ({ park: parkOf(await send(client, timeoutMs)) })));
    };
    await (random.next() < 0.15 ? Promise.all([one(), one()]) : one());
    const retries = random.next() < 0.1 ? 0 : 4;
    for (let i = 0; i < retries && attempts.every(({ told }) => told === 'unknown'); i++) await one();
    // What was answered is answered the same when it is asked again.
    if (random.next() < 0.1) await one();
    const parks = attempts.flatMap(({ told }) => (told !== 'unknown' && 'park' in told ? [told.park] : []));
    const [park] = parks;
    const doneAt = Math.min(...attempts.map((each) => (isDone(each) ? each.answeredAt : Infinity)));
    const takenBack = attempts.find((each) => each.askedAt > doneAt && isRefused(each));
    if (takenBack !== undefined)
      this.odd.push(`${requestId} was done, and refused when it was asked again: ${wordOf(takenBack.told)}`);
    const others = [...new Set(parks.map(({ parkId }) => parkId))].filter((parkId) => parkId !== park?.parkId);
    const refused = attempts.every(({ told }) => told !== 'unknown' && 'refused' in told);
    if (as !== undefined) this.requests.push({ requestId, kind: as, parkId: park?.parkId, others, refused });
    this.#trace.say('client', `${what} ${requestId}: ${attempts.map(({ told }) => wordOf(told)).join(', ')}`);
    return { requestId, attempts, park };
  }
}

function isDone({ told }: Attempt): boolean {
  return told !== 'unknown' && 'park' in told;
}

/** That it is too old to be known takes nothing back. */
function isRefused({ told }: Attempt): boolean {
  return told !== 'unknown' && 'refused' in told && told.refused !== Reason.REQUEST_TOO_OLD;
}

function parkOf({ park }: { readonly park: Park | undefined }): Park {
  if (park === undefined) throw new Error('the answer names no park');
  return park;
}

function wordOf(told: Told): string {
  if (told === 'unknown') return told;
  if ('park' in told) return `done to ${told.park.parkId} (${told.park.call?.callId ?? ''} in ${told.park.slot})`;
  return 'refused' in told ? Reason[told.refused] : (told.saw ?? 'nobody');
}
