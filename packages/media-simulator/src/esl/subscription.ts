import type { Fields } from '../calls/channel-fields.js';
import type { Format } from './frames.js';

/** Event names this simulator knows; anything else is no keyword. */
const KNOWN = new Set([
  'ALL',
  ...[
    'CREATE',
    'DESTROY',
    'STATE',
    'CALLSTATE',
    'ANSWER',
    'HANGUP',
    'HANGUP_COMPLETE',
    'EXECUTE',
    'EXECUTE_COMPLETE',
  ].map((name) => `CHANNEL_${name}`),
  ...['HOLD', 'UNHOLD', 'BRIDGE', 'UNBRIDGE', 'PROGRESS', 'PROGRESS_MEDIA', 'PARK', 'UNPARK', 'ORIGINATE', 'DATA'].map(
    (name) => `CHANNEL_${name}`,
  ),
  ...[
    'PLAYBACK_START',
    'PLAYBACK_STOP',
    'BACKGROUND_JOB',
    'HEARTBEAT',
    'SHUTDOWN',
    'MODULE_UNLOAD',
    'PRESENCE_IN',
    'DTMF',
  ],
]);

/** What one connection wants to hear, and how. */
export class EventSubscription {
  format: Format = 'plain';
  readonly #names = new Set<string>();
  readonly #subclasses = new Set<string>();
  readonly #filters: { header: string; value: string }[] = [];
  /** `myevents`: only what is about this leg. */
  only: string | undefined;

  /** `event [FORMAT] NAME…`; the reply text. */
  add(words: readonly string[]): string {
    const [first = '', ...rest] = words;
    const asked = first === 'json' || first === 'plain' ? rest : KNOWN.has(first) ? words : rest;
    let custom = false;
    let taken = 0;
    for (const word of asked) {
      if (custom) this.#subclasses.add(word);
      else if (word === 'CUSTOM') custom = true;
      else if (KNOWN.has(word)) this.#names.add(word);
      else continue;
      taken++;
    }
    if (taken === 0) return '-ERR no keywords supplied';
    this.format = first === 'json' ? 'json' : 'plain';
    return `+OK event listener enabled ${this.format}`;
  }

  remove(words: readonly string[]): void {
    for (const word of words) this.#names.delete(word);
  }

  clear(): void {
    this.#names.clear();
    this.#subclasses.clear();
  }

  /** `filter …`; the reply text. */
  filter(argument: string): string {
    if (argument === '') return '-ERR command not found';
    const [verb = '', header = '', ...rest] = argument.split(' ');
    if (verb !== 'delete') {
      const value = [header, ...rest].join(' ');
      this.#filters.push({ header: verb, value });
      return `+OK filter added. [${verb}]=[${value}]`;
    }
    const value = rest.join(' ');
    for (let at = this.#filters.length - 1; at >= 0; at--) {
      const entry = this.#filters[at];
      const hit = header === 'all' || (entry?.header === header && (value === '' || entry.value === value));
      if (hit) this.#filters.splice(at, 1);
    }
    return `+OK filter deleted. [${header}][${value}]`;
  }

  /** Whether an event could be wanted, before its fields are made. */
  mayWant(name: string, uuid: string | undefined): boolean {
    if (this.only !== undefined) return uuid === this.only;
    return name === 'CUSTOM' || this.#names.has(name) || this.#names.has('ALL');
  }

  wants(fields: Fields): boolean {
    const name = fields['Event-Name'] ?? '';
    if (this.only !== undefined) return fields['Unique-ID'] === this.only && name !== 'CHANNEL_DESTROY';
    const asked =
      name === 'CUSTOM'
        ? this.#subclasses.has(fields['Event-Subclass'] ?? '')
        : this.#names.has(name) || this.#names.has('ALL');
    return asked && (this.#filters.length === 0 || this.#filters.some((filter) => matches(filter, fields)));
  }
}

function matches({ header, value }: { header: string; value: string }, fields: Fields): boolean {
  const actual = fields[header];
  if (actual === undefined) return false;
  return value.startsWith('/') && value.endsWith('/') ? new RegExp(value.slice(1, -1)).test(actual) : actual === value;
}
