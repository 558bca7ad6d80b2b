import { type NatsOptions, openBus } from '@parkade/bus';
import { type Clock, type Random, sleep } from '@parkade/clock';
import { ALL_SLOT_LAMPS, PRESENCE_STREAM } from '@parkade/presence';
import { GrpcServer, type Log } from '@parkade/rpc';
import { LampsFeed } from './feed.js';
import { feedLamp } from './feed-message.js';
import { openNatsLink } from './nats-link.js';

export interface LampsFeedConfig {
  /** `nats://host:port,…`: the stream is read and the feed is told there. */
  readonly nats: string;
  /** How NATS is reached over TLS; given, a server without it is refused. */
  readonly natsTls?: NatsOptions['tls'];
  /** Where gRPC health is served; port 0: any free one. */
  readonly host: string;
  readonly port: number;
}

export interface LampsFeedDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface LampsFeedProcess {
  /** `host:port` of its health service: serving once all lamps are known. */
  readonly address: string;
  drain(graceMs: number): Promise<void>;
}

/** A feed says that it is there this often, in milliseconds. */
const BEAT_MS = 1_000;
/** After the stream was lost, owners have told all lamps again within this, in milliseconds. */
const SETTLE_MS = 30_000;
/** Lamps told this long before the loss was known were told before the loss, in milliseconds. */
const LOSS_MARGIN_MS = 10_000;
const RETRY_MS = 1_000;

/**
 * Tells all lamps on core NATS, in numbered messages, and all of them again to whoever asks. Holds nothing that the presence
 * stream does not hold; several may run, each a feed of its own. Resolves when it listens and NATS is there, or to nothing where
 * `signal` was aborted before; rejects when the address is taken or the NATS address is malformed.
 */
export async function startLampsFeed(
  config: LampsFeedConfig,
  deps: LampsFeedDeps,
  signal: AbortSignal,
): Promise<LampsFeedProcess | undefined> {
  const { clock, random, log } = deps;
  const id = Buffer.from(random.bytes(12)).toString('hex');
  const stop = new AbortController();
  const onFault = (doing: string, error: unknown): void => log.warn('bus fault', { doing, error: String(error) });
  const { nats, natsTls: tls } = config;
  const bus = openBus(nats, { clock, random, onFault, nats: { tls } });
  const server = await GrpcServer.start({ host: config.host, port: config.port, services: [] }, clock);
  const link = await Promise.race([openNatsLink(nats, tls), aborted(signal)]);
  if (link === undefined) {
    await bus.close();
    await server.stop(0);
    return undefined;
  }
  const feed = new LampsFeed(id, link);
  link.onAsk((asked) => {
    if (asked === '' || asked === id) feed.ask();
  });

  let streams = 0;
  const onReplayed = (): void => {
    streams += 1;
    feed.known();
    server.setServing(true);
    log.info('lamps known', { feed: id });
    if (streams > 1) void forgetLost(feed, clock, stop.signal);
  };
  const onMessage = ({ subject, payload }: { subject: string; payload: Uint8Array }): void => {
    const lamp = feedLamp(payload);
    if (lamp === undefined) log.warn('not a lamp', { subject });
    else feed.tell(subject, lamp, clock.monotonicMs());
  };
  const reading = untilDone(stop.signal, clock, async () => {
    await bus.ensureStreams([PRESENCE_STREAM]);
    await bus.subscribe(ALL_SLOT_LAMPS, { replay: 'last', onReplayed }, onMessage);
  });
  const beating = beat(feed, clock, stop.signal);

  const end = async (): Promise<void> => {
    stop.abort();
    await bus.close();
    await Promise.all([reading, beating, feed.idle()]);
    await link.close();
    await server.stop(0);
  };
  let ending: Promise<void> | undefined;
  return { address: `${config.host}:${server.port}`, drain: () => (ending ??= end()) };
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Tries again until it has worked: the bus may be away. */
async function untilDone(signal: AbortSignal, clock: Clock, begin: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await begin();
      return;
    } catch {
      await sleep(clock, RETRY_MS, signal);
    }
  }
}

async function beat(feed: LampsFeed, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    feed.beat();
    await sleep(clock, BEAT_MS, signal);
  }
}

/** The stream is another one: once owners have told their lamps again, what they did not tell is no more. */
async function forgetLost(feed: LampsFeed, clock: Clock, signal: AbortSignal): Promise<void> {
  const lostMs = clock.monotonicMs() - LOSS_MARGIN_MS;
  await sleep(clock, SETTLE_MS, signal);
  if (!signal.aborted) feed.forgetOlder(lostMs);
}
