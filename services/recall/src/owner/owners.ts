import { type Clock, type Random, sleep } from '@parkade/clock';
import { stableHash } from '@parkade/ids';
import type { OwnerHint } from '@parkade/ownership';
import { type Actor, type CommandAnswer, Reason } from '@parkade/proto';
import type { PeerChannel } from '@parkade/rpc';
import type { RecallLimits } from '../config.js';
import type { Operation, OwnerOutcome, OwnerPort } from '../run/owner-port.js';
import { backOffMs } from './back-off.js';
import { type Order, OwnerLink } from './owner-link.js';

/** Links to owners kept at most; past it the one that was used longest ago is closed. */
const MAX_LINKS = 256;

/** Refusals that say nothing about the command: it may be tried again. */
const PASSING: ReadonlySet<Reason> = new Set([
  Reason.NO_OWNER,
  Reason.STORE_UNAVAILABLE,
  Reason.OVERLOADED,
  Reason.DRAINING,
  Reason.DEADLINE,
  Reason.STORE_FULL,
]);

/** How a command is asked, and for whom; all of it may be left out. */
export interface Asking {
  /** Default: as long as any command may take. */
  readonly timeoutMs?: number | undefined;
  /** Who asks through an API. */
  readonly by?: Actor | undefined;
  /** Of what a client has asked for: another request under the same id is refused. Default: what has this id is this command. */
  readonly fingerprint?: number | undefined;
}

export interface OwnersDeps {
  /** The owner of a shard, as last seen. */
  readonly ownerOf: (shard: number) => OwnerHint | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** The settings revision seen here: the owner waits until it has seen it, too. */
  readonly settingsRevision: () => number;
  readonly stop: AbortSignal;
  readonly peers: PeerChannel;
}

/**
 * All owners of slots.
 *
 *   D1. Every attempt sends the very same command, so that more than one has at most one effect.
 *   D2. An owner's refusal is the answer, unless it says nothing about the command itself.
 */
export class Owners implements OwnerPort {
  /** In the order of use, the latest last. */
  readonly #links = new Map<string, OwnerLink>();

  constructor(
    private readonly limits: RecallLimits,
    private readonly deps: OwnersDeps,
  ) {}

  /** Commands without an answer yet, at the owner that has most of them. */
  get waiting(): number {
    return Math.max(0, ...[...this.#links.values()].map(({ waiting }) => waiting));
  }

  async send(shard: number, op: Operation): Promise<OwnerOutcome> {
    const answer = await this.ask(shard, op);
    if (answer === undefined) return { kind: 'unknown' };
    const { result, revision } = answer;
    if (result?.$case === 'refusal') return { kind: 'refused', ...result.value };
    const retrieveId = result?.$case === 'park' ? result.value.retrieveId : '';
    return { kind: 'done', revision, retrieveId };
  }

  /** As `send`, with the answer as it came; undefined: nobody knows. */
  async ask(shard: number, op: Operation, asking: Asking = {}): Promise<CommandAnswer | undefined> {
    const { clock, random, stop, settingsRevision } = this.deps;
    const requestId = 'requestId' in op.value ? op.value.requestId : '';
    const { timeoutMs = this.limits.commandTimeoutMs, by, fingerprint = stableHash(requestId) } = asking;
    const order: Order = {
      shard,
      settingsRevision: settingsRevision(),
      fingerprint,
      part: 0,
      lotId: '',
      trace: '',
      ...(by === undefined ? {} : { by }),
      op,
    };
    const endMs = clock.monotonicMs() + timeoutMs;
    for (let attempt = 0; !stop.aborted; attempt++) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return undefined;
      const owner = this.deps.ownerOf(shard);
      const answer =
        owner === undefined
          ? undefined
          : await this.to(owner.address).send(order, Math.min(leftMs, this.limits.attemptTimeoutMs));
      if (answer !== undefined && !passing(answer)) return answer;
      await sleep(clock, Math.min(backOffMs(attempt, this.limits, random), Math.max(0, leftMs)), stop);
    }
    return undefined;
  }

  /** The link to an address, made when there is none. */
  to(address: string): OwnerLink {
    const link = this.#links.get(address) ?? new OwnerLink(address, this.deps.clock, this.limits, this.deps.peers);
    this.#links.delete(address);
    this.#links.set(address, link);
    if (this.#links.size > MAX_LINKS) this.#closeOldest();
    return link;
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #closeOldest(): void {
    for (const [address, link] of this.#links) {
      this.#links.delete(address);
      link.close();
      return;
    }
  }
}

function passing({ result }: CommandAnswer): boolean {
  if (result?.$case === 'notOwner') return true;
  return result?.$case === 'refusal' && PASSING.has(result.value.reason);
}
