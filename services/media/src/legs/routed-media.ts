import { type Clock } from '@parkade/clock';
import type { CallRef } from '@parkade/proto';
import { type Log, toDuration } from '@parkade/rpc';
import type { NodeClients } from '../rpc/node-clients.js';
import { fromConnect, fromState, fromTransfer } from '../rpc/wire.js';
import { LegWatch } from './leg-watch.js';
import type { ConnectResult, Happening, LegFact, LegRef, LegRequest, ParkName, TransferResult } from './types.js';

/** Where a call goes on; the shapes of the recall service's exits. */
export type MediaExit =
  | { readonly to: 'destination'; readonly destination: string }
  | { readonly to: 'voicemail'; readonly mailbox?: string | undefined }
  | { readonly to: 'ring_group'; readonly ring_group_id: string }
  | { readonly to: 'disconnect' }
  | { readonly to: 'device' | 'user' | 'callflow'; readonly id: string };

/** Until a leg is rung although nobody would hear of it at once. */
const OPEN_WITHIN_MS = 2_000;

export interface RoutedMediaConfig {
  /** The domain whose users are rung, by tenant. */
  readonly domains: Readonly<Record<string, string>>;
  /** Numbers of the dial plan, with `{id}` for what they lead to; an exit without one fails. */
  readonly numbers: Partial<Readonly<Record<'voicemail' | 'ring_group' | 'device' | 'user' | 'callflow', string>>>;
  /** For one request, its repetitions included, in ms. */
  readonly limitMs: number;
}

export const DEFAULT_ROUTED_MEDIA: RoutedMediaConfig = {
  domains: {},
  numbers: { voicemail: '*99{id}', ring_group: '{id}', user: '{id}' },
  limitMs: 8_000,
};

/**
 * The media port of recalls over FreeSWITCH: every request goes to whoever owns the node that holds the call. It has the
 * promises of that port: a leg id is dialled once at most, every leg is told of until it has ended, nothing throws (a promise
 * that rejects means: not known), and everything may be asked twice.
 */
export class RoutedMedia {
  readonly #watches = new Map<string, LegWatch>();
  readonly #listeners = new Set<(legId: string, news: Happening) => void>();

  constructor(
    private readonly config: RoutedMediaConfig,
    private readonly clients: NodeClients,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** A user is rung at all of his registrations: the switch knows them, and says so when there are none. */
  contacts(user: { readonly tenantId: string; readonly userId: string; readonly extension: string }): Promise<{
    readonly contacts: readonly string[];
    readonly busy: boolean;
  }> {
    const domain = this.config.domains[user.tenantId];
    const name = user.extension === '' ? user.userId : user.extension;
    const known = domain !== undefined && name !== '';
    return Promise.resolve({ contacts: known ? [`user/${name}@${domain}`] : [], busy: false });
  }

  ring(request: LegRequest): void {
    const { legId, mediaNode, parkId, tenantId, contact, ringMs, presentation, followForwarding } = request;
    this.#watch(mediaNode).add({ legId, mediaNode, parkId });
    const message = {
      leg: { mediaNode, legId, parkId },
      tenantId,
      contact,
      ringFor: toDuration(ringMs),
      callerName: presentation.name,
      callerNumber: presentation.number,
      alertInfo: presentation.alertInfo,
      followForwarding,
    };
    const watch = this.#watch(mediaNode);
    const ask = async (): Promise<void> => {
      await watch.open(OPEN_WITHIN_MS);
      await this.clients.call(mediaNode, 'ringLeg', message, this.config.limitMs);
      watch.asked(legId);
    };
    ask().catch((error: unknown) => {
      this.log.warn('a leg could not be rung', { legId, mediaNode, error: String(error) });
      this.#watch(mediaNode).news(legId, 'failed');
    });
  }

  cancel({ legId, mediaNode, parkId }: LegRef, cause: string): void {
    this.#watch(mediaNode).forget(legId);
    const message = { leg: { mediaNode, legId, parkId }, answeredElsewhere: cause === 'answered-elsewhere' };
    const asked = this.clients.call(mediaNode, 'cancelLeg', message, this.config.limitMs);
    asked.catch((error: unknown) => {
      this.log.warn('a leg could not be cancelled', { legId, mediaNode, error: String(error) });
    });
  }

  async exists(leg: LegRef): Promise<LegFact> {
    const { legId, mediaNode, parkId } = leg;
    this.#watch(mediaNode).add(leg);
    const message = { leg: { mediaNode, legId, parkId } };
    try {
      const rpc = this.clients.call(mediaNode, 'getLeg', message, this.config.limitMs);
      const fact = fromState((await rpc).state);
      if (fact === 'missing' || fact === 'foreign') this.#watch(mediaNode).forget(legId);
      return fact;
    } catch {
      return 'unknown';
    }
  }

  async connect({ legId, mediaNode, parkId }: LegRef, call: CallRef): Promise<ConnectResult> {
    const message = { leg: { mediaNode, legId, parkId }, call };
    const rpc = this.clients.call(mediaNode, 'connectLeg', message, this.config.limitMs);
    const result = fromConnect((await rpc).outcome);
    if (result === undefined) throw new Error('the owner of the node said nothing');
    if (result === 'connected') this.#watch(mediaNode).forget(legId);
    return result;
  }

  async transfer({ tenantId, parkId }: ParkName, call: CallRef, exit: MediaExit): Promise<TransferResult> {
    if (exit.to === 'disconnect') {
      await this.#hangUp(parkId, call);
      return 'done';
    }
    const destination = this.#numberOf(exit);
    if (destination === undefined) return 'failed';
    const message = { tenantId, parkId, call, destination, context: '' };
    const rpc = this.clients.call(call.mediaNode, 'transferCall', message, this.config.limitMs);
    const result = fromTransfer((await rpc).outcome);
    if (result === undefined) throw new Error('the owner of the node said nothing');
    return result;
  }

  hold(call: CallRef): void {
    const rpc = this.clients.call(call.mediaNode, 'holdCall', { call }, this.config.limitMs);
    rpc.catch((error: unknown) => this.log.warn('no hold audio', { callId: call.callId, error: String(error) }));
  }

  hangup({ parkId }: ParkName, call: CallRef): void {
    this.#hangUp(parkId, call).catch((error: unknown) => {
      this.log.warn('a call could not be ended', { callId: call.callId, error: String(error) });
    });
  }

  onLeg(listener: (legId: string, news: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  async #hangUp(parkId: string, call: CallRef): Promise<void> {
    const { limitMs } = this.config;
    await this.clients.call(call.mediaNode, 'hangUpCall', { call, parkId }, limitMs);
  }

  #numberOf(exit: Exclude<MediaExit, { to: 'disconnect' }>): string | undefined {
    if (exit.to === 'destination') return exit.destination;
    const id = exit.to === 'voicemail' ? exit.mailbox : exit.to === 'ring_group' ? exit.ring_group_id : exit.id;
    return id === undefined ? undefined : this.config.numbers[exit.to]?.replace('{id}', id);
  }

  #watch(mediaNode: string): LegWatch {
    let watch = this.#watches.get(mediaNode);
    if (watch === undefined) {
      watch = new LegWatch(mediaNode, this.clients, this.clock, (legId, news) => {
        for (const listener of [...this.#listeners]) listener(legId, news);
      });
      this.#watches.set(mediaNode, watch);
    }
    return watch;
  }
}
