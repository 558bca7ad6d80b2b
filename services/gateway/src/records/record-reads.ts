import type { Bus } from '@parkade/bus';
import { invalidField } from '@parkade/admin';
import { Reason } from '@parkade/proto';
import {
  type AuditQuery,
  type AuditRecord,
  busUnavailable,
  type DeadLetter,
  type EndpointName,
  type HistoryQuery,
  listAudit,
  listDeadLetters,
  listHistory,
  MAX_PAGE_SIZE,
  type ParkLife,
  type RecordPage,
  recordStreams,
  replay,
} from '@parkade/records';
import { Refused } from '@parkade/rpc';
import type { RecordsSettings } from '@parkade/settings';

const DEFAULT_PAGE_SIZE = 100;
const MAX_TEXT_LENGTH = 256;

interface Paged {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** What the API reads of what is recorded: the same for gRPC and REST. Without a bus everything is refused. */
export class RecordReads {
  constructor(private readonly bus: Bus | undefined) {}

  /** Says which streams are read. The bus may be away; then it learns of them when it is back. */
  begin(settings: RecordsSettings, onTrouble: (error: unknown) => void): void {
    this.bus?.ensureStreams(recordStreams(settings, false)).catch(onTrouble);
  }

  history(query: HistoryQuery): Promise<RecordPage<ParkLife> | Refused> | Refused {
    const { callId, callerNumber, parkId, lotId } = query;
    const texts = { call_id: callId, caller_number: callerNumber, park_id: parkId, lot_id: lotId };
    const long = Object.entries(texts).find(([, text]) => text.length > MAX_TEXT_LENGTH);
    if (long !== undefined) return invalidField(long[0], `must have at most ${MAX_TEXT_LENGTH} characters`);
    return this.#page(query, (bus, paged) => listHistory(bus, { ...query, ...paged }));
  }

  audit(query: AuditQuery): Promise<RecordPage<AuditRecord> | Refused> | Refused {
    return this.#page(query, (bus, paged) => listAudit(bus, { ...query, ...paged }));
  }

  deadLetters(name: EndpointName, page: Paged): Promise<RecordPage<DeadLetter> | Refused> | Refused {
    return this.#page(page, (bus, paged) => listDeadLetters(bus, name, paged));
  }

  /** Puts dead letters in the queue again: those of these numbers, or all there are. Resolves to how many. */
  async replay(name: EndpointName, numbers: readonly number[]): Promise<number | Refused> {
    const { bus } = this;
    if (bus === undefined) return noBus();
    if (numbers.length > MAX_PAGE_SIZE) return invalidField('numbers', `must have at most ${MAX_PAGE_SIZE} entries`);
    const all = await listDeadLetters(bus, name, { pageSize: MAX_PAGE_SIZE, pageToken: '' });
    if (all instanceof Refused) return all;
    const wanted = all.items.filter(({ n }) => numbers.length === 0 || numbers.includes(n));
    try {
      for (const letter of wanted) await replay(bus, name, letter);
    } catch {
      return busUnavailable();
    }
    return wanted.length;
  }

  #page<Item>(
    { pageSize, pageToken }: Paged,
    read: (bus: Bus, paged: Paged) => Promise<RecordPage<Item> | Refused>,
  ): Promise<RecordPage<Item> | Refused> | Refused {
    if (this.bus === undefined) return noBus();
    if (pageSize > MAX_PAGE_SIZE) return invalidField('page_size', `must be 1 to ${MAX_PAGE_SIZE}, or 0 for 100`);
    if (pageToken.length > MAX_TEXT_LENGTH) return invalidField('page_token', 'must be that of an earlier answer');
    return read(this.bus, { pageSize: pageSize === 0 ? DEFAULT_PAGE_SIZE : pageSize, pageToken });
  }
}

function noBus(): Refused {
  return new Refused(Reason.STORE_UNAVAILABLE, 'This gateway was started without NATS, which keeps the records.');
}
