import { BusError, type BusMessage, type StreamSpec } from '../bus.js';
import type { Deadline } from './deadline.js';
import type { Gate } from './gate.js';
import type { LastValueServer, Place } from './last-values.js';
import { LAST_SEQUENCE_HEADER, STREAM_HEADER, versionOf, VERSION_HEADER } from './message.js';
import { type Acknowledgement, Header } from './publishes.js';
import { API, apiErrorCode, type NatsSession } from './session.js';
import type { StreamKeeper } from './stream-keeper.js';

/** The header of a direct answer that carries the message's sequence. */
const SEQUENCE_HEADER = 'Nats-Sequence';

/** Reads the last message of a subject: from any replica, or from the stream's leader where only that can. */
export async function readLast(
  session: NatsSession,
  keeper: StreamKeeper,
  spec: StreamSpec,
  subject: string,
): Promise<BusMessage | undefined> {
  if (keeper.known(spec.name)?.direct === true) return await readDirect(session, spec.name, subject);
  try {
    const stored = await session.call(() => session.jsm.streams.getMessage(spec.name, { last_by_subj: subject }));
    return { subject, payload: stored.data, version: versionOf(stored.header), sequence: stored.seq };
  } catch (error) {
    if (apiErrorCode(error) === API.messageNotFound) return undefined;
    throw error;
  }
}

async function readDirect(session: NatsSession, stream: string, subject: string): Promise<BusMessage | undefined> {
  const { headers, data } = await session.ask(`$JS.API.DIRECT.GET.${stream}.${subject}`);
  if (headers?.code === 404) return undefined;
  const sequence = Number(headers?.get(SEQUENCE_HEADER));
  if (!(sequence > 0)) throw new BusError('unavailable', `JetStream: ${headers?.description ?? 'no message'}`);
  return { subject, payload: data, version: versionOf(headers), sequence };
}

/** Publishes, within the bounds of the bus. Rejects with `BusError`. */
export type Send = (
  subject: string,
  payload: Uint8Array,
  header: Header,
  deadline: Deadline,
) => Promise<Acknowledgement>;

/** The last values of one stream. `session` is asked for each read, and throws while there is none. */
export function lastValueServer(
  session: () => NatsSession,
  send: Send,
  gate: Gate,
  keeper: StreamKeeper,
  spec: StreamSpec,
): LastValueServer {
  return {
    async read(subject): Promise<Place | undefined> {
      const message = await gate.run(async () => await readLast(session(), keeper, spec, subject));
      // A message without a version was not published by this port; anything is newer.
      return message === undefined ? undefined : { sequence: message.sequence, version: message.version ?? -1 };
    },

    async write(subject, payload, version, expected, deadline): Promise<number | 'moved'> {
      const header = new Header(
        `${VERSION_HEADER}: ${version}\r\n${STREAM_HEADER}: ${spec.name}\r\n${LAST_SEQUENCE_HEADER}: ${expected}\r\n`,
      );
      const stored = await send(subject, payload, header, deadline);
      if ('refused' in stored) {
        if (stored.refused === API.wrongLastSequence) return 'moved';
        throw new BusError('unavailable', `JetStream: ${stored.description}`);
      }
      keeper.saw(spec.name, stored.sequence);
      return stored.sequence;
    },
  };
}
