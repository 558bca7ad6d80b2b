import type { Bus, Subscription } from '@parkade/bus';
import { parseEvents } from './event-lines.js';
import type { EventMessage, NoticeMessage } from './events.js';
import { ALL_EVENTS } from './subjects.js';

/** Of so many slots a follower remembers up to where it was told; of others an event told twice comes twice. */
const MAX_SLOTS = 100_000;

export interface FollowEventsOptions {
  /** `all`: first what the stream keeps (a day), then what comes. `none`: only what is new. */
  readonly replay: 'all' | 'none';
  /** Only of this tenant; undefined: of all. */
  readonly tenant?: string | undefined;
  /** Only of these kinds; undefined: of all. */
  readonly kinds?: ReadonlySet<string> | undefined;
  /** What the stream kept was told; see `SubscribeOptions`. */
  readonly onReplayed?: (() => void) | undefined;
  /** A line that is no event: a newer version wrote it, or it is not ours. Default: left out. */
  readonly onUnreadable?: ((line: string) => void) | undefined;
}

/**
 * The one reader of the event stream: takes its batches apart, and tells each event, in the order of each slot.
 *
 *   E1. An event told before (its slot's revision does not rise) is not told again, as far as its slot is remembered. So what a new
 *       owner publishes again is told once; yet whoever keeps events over restarts compares their ids.
 *   E2. `sequence` is that of the batch, and the same for all in it; when it does not rise, the stream was lost and begins anew.
 *
 * `onEvent` must not throw. Rejects as `bus.subscribe` does; the stream must have been made (`ensureStreams`).
 */
export function followEvents(
  bus: Bus,
  options: FollowEventsOptions,
  onEvent: (event: EventMessage | NoticeMessage, sequence: number) => void,
): Promise<Subscription> {
  const { tenant, kinds, replay, onReplayed, onUnreadable } = options;
  const told = new ToldOf(MAX_SLOTS);
  let position = 0;
  return bus.subscribe(ALL_EVENTS, { replay, onReplayed }, ({ payload, sequence }) => {
    // Another stream: its revisions may have begun anew, too, as after the store was restored.
    if (sequence <= position) told.clear();
    position = sequence;
    for (const event of parseEvents(payload, onUnreadable)) {
      if (tenant !== undefined && event.tenant !== tenant) continue;
      if (kinds !== undefined && !kinds.has(event.kind)) continue;
      if (event.kind === 'failed' || told.isNew(event)) onEvent(event, sequence);
    }
  });
}

/** The revision of the last event told of each slot; of the slots told of lately. */
class ToldOf {
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(private readonly capacity: number) {}

  isNew({ tenant, lot, slot, revision }: EventMessage): boolean {
    // Names hold no blanks.
    const key = `${tenant} ${lot} ${slot}`;
    if (revision <= (this.#young.get(key) ?? this.#old.get(key) ?? 0)) return false;
    if (this.#young.size >= this.capacity / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, revision);
    return true;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
