import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type StreamInfo } from 'nats';
import { BusError, type StreamSpec } from '../bus.js';
import { covers } from '../subject.js';
import { API, apiErrorCode, type NatsSession } from './session.js';

/** A stream as the server has it. */
export interface StreamState {
  /** When it was made: another time is another stream of the same name. */
  readonly created: string;
  /** The sequence of the newest message it ever had. */
  readonly lastSequence: number;
  /** Whether single messages can be read without asking the stream's leader (NATS 2.9 and newer). */
  readonly direct: boolean;
}

/** The stream's state, or undefined where there is none of that name. */
export async function readStream(session: NatsSession, name: string): Promise<StreamState | undefined> {
  const info = await readInfo(session, name);
  return info === undefined ? undefined : stateOf(info);
}

/**
 * Makes the stream where it is missing, adds subjects that it lacks, gives it the spec's bounds where that says so, and leaves it
 * otherwise as it is. Says whether it was
 * missing. Rejects with `invalid` where a stream of that name cannot serve as one of the spec's kind.
 */
export async function ensureStream(
  session: NatsSession,
  spec: StreamSpec,
  replicas: number,
): Promise<{ state: StreamState; made: boolean }> {
  const standing = await readInfo(session, spec.name);
  if (standing === undefined) return { state: stateOf(await create(session, spec, replicas)), made: true };
  checkFits(standing, spec);
  const { subjects } = standing.config;
  const missing = spec.subjects.filter((subject) => !subjects.some((own) => covers(own, subject)));
  const bounds = boundsToChange(standing, spec);
  if (missing.length === 0 && bounds === undefined) return { state: stateOf(standing), made: false };
  const kept = subjects.filter((own) => !missing.some((subject) => covers(subject, own)));
  const change = { subjects: [...kept, ...missing], ...bounds };
  const updated = await session.call(() => session.jsm.streams.update(spec.name, change));
  return { state: stateOf(updated), made: false };
}

function boundsToChange({ config }: StreamInfo, spec: StreamSpec): { max_age: number; max_bytes: number } | undefined {
  if (spec.adjustBounds !== true) return undefined;
  const bounds = { max_age: nanos(spec.maxAgeMs), max_bytes: spec.maxBytes };
  const same = config.max_age === bounds.max_age && config.max_bytes === bounds.max_bytes;
  return same ? undefined : bounds;
}

async function readInfo(session: NatsSession, name: string): Promise<StreamInfo | undefined> {
  try {
    return await session.call(() => session.jsm.streams.info(name));
  } catch (error) {
    if (apiErrorCode(error) === API.streamNotFound) return undefined;
    throw error;
  }
}

async function create(session: NatsSession, spec: StreamSpec, replicas: number): Promise<StreamInfo> {
  try {
    return await session.call(() =>
      session.jsm.streams.add({
        name: spec.name,
        subjects: [...spec.subjects],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        max_age: nanos(spec.maxAgeMs),
        max_bytes: spec.maxBytes,
        max_msgs_per_subject: spec.kind === 'last-value' ? 1 : -1,
        num_replicas: replicas,
        allow_direct: true,
        ...(spec.kind === 'log' ? { duplicate_window: nanos(spec.duplicateWindowMs) } : {}),
      }),
    );
  } catch (error) {
    // Another bus made it in the meantime, after a spec that differs a little.
    const standing = apiErrorCode(error) === API.nameInUse ? await readInfo(session, spec.name) : undefined;
    if (standing === undefined) throw error;
    checkFits(standing, spec);
    return standing;
  }
}

function checkFits(info: StreamInfo, spec: StreamSpec): void {
  const { max_msgs_per_subject: perSubject, retention } = info.config;
  const kind = perSubject === 1 ? 'last-value' : perSubject <= 0 ? 'log' : 'another';
  if (kind === spec.kind && retention === RetentionPolicy.Limits) return;
  throw new BusError(
    'invalid',
    `stream ${spec.name} keeps ${perSubject} messages a subject by ${retention}, which is no ${spec.kind} stream`,
  );
}

function stateOf(info: StreamInfo): StreamState {
  return {
    created: info.created,
    lastSequence: info.state.last_seq,
    direct: info.config.allow_direct,
  };
}
