import type { Random } from '@parkade/clock';
import { randomUuid } from '@parkade/esl';
import type { Actor } from '@parkade/proto';
import { type Log, toDuration } from '@parkade/rpc';
import type { Fetched } from '../calls/fetching.js';
import type { NodeClients } from '../rpc/node-clients.js';
import { fromFetched } from '../rpc/wire.js';

/** How long a phone rings for a call that somebody wants there. */
const RING_MS = 25_000;
/** Beyond that, for the answer of the node's owner. */
const MARGIN_MS = 10_000;

/** A parked call that is wanted at an extension of its tenant. */
export interface WantedCall {
  readonly tenantId: string;
  readonly parkId: string;
  /** Where the call is. */
  readonly mediaNode: string;
  readonly extension: string;
  /** Who wants it there. */
  readonly by?: Actor | undefined;
}

/** Rings phones for parked calls through the owners of their media nodes: the gateway's port for that. */
export class RoutedPhones {
  constructor(
    private readonly clients: NodeClients,
    private readonly random: Random,
    private readonly log: Log,
  ) {}

  /**
   * Rings the extension, and joins it with the call when somebody answers. Resolves when it is over, within 35 s; `unreachable`:
   * nobody controls the node now, and nothing was done. Never rejects.
   */
  async fetch({ tenantId, parkId, mediaNode, extension, by }: WantedCall): Promise<Fetched | 'unreachable'> {
    if (this.clients.client(mediaNode) === undefined) return 'unreachable';
    const leg = { mediaNode, legId: randomUuid(this.random), parkId };
    const request = { leg, tenantId, extension, ringFor: toDuration(RING_MS), by };
    try {
      const { outcome } = await this.clients.call(mediaNode, 'fetchCall', request, RING_MS + MARGIN_MS);
      return fromFetched(outcome) ?? 'unknown';
    } catch (error) {
      this.log.warn('nobody says what became of a phone', { ...leg, extension, error: String(error) });
      return 'unknown';
    }
  }

  close(): void {
    this.clients.close();
  }
}
