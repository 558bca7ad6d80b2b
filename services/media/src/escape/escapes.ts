// Parked callers who press a key and leave (R22).
//   E1. The slot is freed by its owner first, with the destination as the reason: where somebody is being connected with the
//       caller, or has taken him, the key counts for nothing.
//   E2. One leaving at a time a leg, however often the key is pressed.
//   E3. Where the switch does not take him, he goes to whoever parked him; until he is on his way the mark stays on the leg, so
//       that one whose process is gone meanwhile goes there, too.
import type { EslEvent } from '@parkade/esl';
import { newRequestId } from '@parkade/ids';
import { ReleaseCause } from '@parkade/proto';
import { resolveEscape } from '@parkade/settings';
import type { NodeContext } from '../calls/context.js';
import type { ParkOfCall } from '../calls/parked-calls.js';
import { NO_MARK } from '../switch/park-mark.js';

/** In a setting: whoever parked the call. */
const PARKER = 'parker';

export class Escapes {
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(private readonly context: NodeContext) {}

  onEvent(event: EslEvent): void {
    if (event.name !== 'DTMF') return;
    const legId = event.channelUuid ?? '';
    const { parked, sw, log } = this.context;
    const park = parked.park(legId);
    if (park === undefined || park.reserved || this.#leaving.has(legId)) return;
    if (parked.talks(legId) || sw.joining.has(legId)) return;
    const destination = destinationOf(this.context, park, event.get('DTMF-Digit') ?? '');
    if (destination === undefined) return;
    const done = leave(this.context, legId, park, destination)
      .catch((error: unknown) => log.error('defect', { legId, error: String(error) }))
      .finally(() => this.#leaving.delete(legId));
    this.#leaving.set(legId, done);
  }

  /** Whether a caller is leaving. */
  has(legId: string): boolean {
    return this.#leaving.has(legId);
  }

  /** Resolves when nobody is leaving. */
  async idle(): Promise<void> {
    await Promise.all(this.#leaving.values());
  }
}

/** Where a key leads from a park; undefined: nowhere. */
function destinationOf({ settingsOf }: NodeContext, park: ParkOfCall, key: string): string | undefined {
  const escape = resolveEscape(settingsOf(park.tenantId), park);
  if (escape?.key !== key) return undefined;
  const destination = escape.to === PARKER ? park.parker : escape.to;
  return destination === '' ? undefined : destination;
}

async function leave(context: NodeContext, legId: string, park: ParkOfCall, destination: string): Promise<void> {
  const { api, sw, parked, clock, random, log } = context;
  const { tenantId, parkId } = park;
  const found = await sw.look(legId);
  if (found.kind !== 'leg') return;
  const dialContext = found.headers.get('Caller-Context') ?? '';
  const requestId = newRequestId(clock.nowMs(), random);
  const cause = ReleaseCause.ESCAPED;
  const answer = await api.release({ requestId, tenantId, parkId, cause, callId: legId, destination });
  if (!answer.ok) return log.info('a parked caller could not leave', { legId, parkId, message: answer.message });
  parked.leave(legId);
  const went = await sw.transfer(legId, destination, dialContext);
  if (went === 'gone') return;
  if (went === 'done') {
    await sw.setVariables(legId, NO_MARK);
    return;
  }
  log.warn('a caller who left his slot could not go on', { legId, destination, backTo: park.parker });
  if (park.parker === '' || park.parker === destination) return;
  if ((await sw.transfer(legId, park.parker, dialContext)) === 'done') await sw.setVariables(legId, NO_MARK);
}
