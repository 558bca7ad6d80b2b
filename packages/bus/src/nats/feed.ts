import type { Clock, Timer } from '@parkade/clock';
import { createInbox, type Msg, nanos } from 'nats';
import { BusError, type BusMessage } from '../bus.js';
import { deliveryOf, idOf, versionOf } from './message.js';
import type { NatsSession } from './session.js';

/** The server says that it is there this often when it has nothing to deliver; three times that is silence. */
const HEARTBEAT_MS = 1_000;
const SILENCE_MS = 3 * HEARTBEAT_MS;
/** The server drops a consumer that nobody listens to after this long, in milliseconds. */
const FORGET_MS = 30_000;

export interface FeedOptions {
  readonly stream: string;
  readonly pattern: string;
  /** The first sequence wanted, or `last` for the last message of each subject and then what comes. */
  readonly from: number | 'last';
  /** `pending`: how many messages the server still has for this feed after this one. */
  readonly onMessage: (message: BusMessage, pending: number) => void;
}

/** What a server delivers through one consumer of its own, made for one reader on one session. */
export interface Feed {
  readonly session: NatsSession;
  /** Messages that were waiting when it was opened. */
  readonly pending: number;
  /** Resolves when nothing more will come: it was closed, it skipped a message, it fell silent or the session ended. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * Opens a feed: an ephemeral, unacknowledged push consumer in the server's memory, on an inbox used by it alone. Its own
 * count of deliveries has no gaps unless messages were lost on the way; flow control keeps the server from running ahead.
 */
export async function openFeed(session: NatsSession, clock: Clock, options: FeedOptions): Promise<Feed> {
  let delivered = 0;
  let heardMs = clock.monotonicMs();
  let open = true;
  let timer: Timer | undefined;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));

  const onControl = (message: Msg): void => {
    if (Number(message.headers?.get('Nats-Last-Consumer') ?? 0) > delivered) close();
    const stalled = message.headers?.get('Nats-Consumer-Stalled') ?? '';
    if (stalled !== '') session.connection.publish(stalled);
    if (message.reply !== undefined && message.reply !== '') message.respond();
  };
  const onData = (message: Msg): void => {
    const delivery = deliveryOf(message.reply);
    if (delivery?.count !== delivered + 1) return close();
    delivered += 1;
    const { subject, data: payload, headers } = message;
    const { sequence, pending } = delivery;
    options.onMessage({ subject, payload, id: idOf(headers), version: versionOf(headers), sequence }, pending);
  };
  // Whatever is thrown in this callback would end the client's reading for good.
  const onAny = (error: Error | null, message: Msg): void => {
    if (!open) return;
    heardMs = clock.monotonicMs();
    if (error !== null) return close();
    const code = message.headers?.code ?? 0;
    if (message.data.length === 0 && code >= 100 && code < 200) onControl(message);
    else if (message.data.length === 0 && code >= 300) close();
    else onData(message);
  };

  const inbox = createInbox();
  const subscription = session.connection.subscribe(inbox, { callback: onAny });
  function close(): void {
    if (!open) return;
    open = false;
    timer?.cancel();
    if (!session.over) subscription.unsubscribe();
    end();
  }
  function watch(): void {
    timer = clock.setTimer(HEARTBEAT_MS, () => {
      if (clock.monotonicMs() - heardMs > SILENCE_MS) close();
      else watch();
    });
  }

  try {
    const pending = await createConsumer(session, options, inbox);
    void session.ended.then(close);
    watch();
    return { session, pending, ended, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Makes the consumer; resolves to how many messages wait for it. */
async function createConsumer(session: NatsSession, options: FeedOptions, inbox: string): Promise<number> {
  const config = {
    deliver_subject: inbox,
    filter_subject: options.pattern,
    ack_policy: 'none',
    replay_policy: 'instant',
    max_deliver: 1,
    flow_control: true,
    idle_heartbeat: nanos(HEARTBEAT_MS),
    inactive_threshold: nanos(FORGET_MS),
    mem_storage: true,
    num_replicas: 1,
    ...(options.from === 'last'
      ? { deliver_policy: 'last_per_subject' }
      : { deliver_policy: 'by_start_sequence', opt_start_seq: options.from }),
  };
  const subject = `$JS.API.CONSUMER.CREATE.${options.stream}`;
  const answer = await session.ask(subject, { stream_name: options.stream, config });
  const { error, num_pending: pending } = answer.json<{ error?: { description: string }; num_pending?: number }>();
  if (error !== undefined) throw new BusError('unavailable', `JetStream: ${error.description}`);
  return pending ?? 0;
}
