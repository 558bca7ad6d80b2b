import { randomUUID } from 'node:crypto';
import { ParkadeError } from '../parkade-error.js';
import type {
  AskOptions,
  ParkCall,
  ParkedCall,
  Parks,
  RetrieveCall,
  SlotChange,
  SlotName,
  SlotView,
  Target,
} from '../parks.js';

/** The lot a tenant has by default. */
const DEFAULT_LOT = 'default';
const FIRST_FREE = 701;
const LAST_FREE = 720;
const DEFAULT_RECALL_MS = 60_000;

/**
 * The parked calls of a tenant in memory, for the tests of services that use this package: one call a slot, slots 701 to 720 to
 * choose from, refusals as the cluster gives them, request ids answered the same. Nothing comes back by itself. A contract test holds it to
 * what a real cluster does.
 */
export class MemoryParks implements Parks {
  readonly #slots = new Map<string, ParkedCall>();
  readonly #ended = new Map<string, string>();
  readonly #answers = new Map<string, { readonly body: string; readonly answer: ParkedCall }>();
  readonly #watchers = new Set<(slot: SlotView) => void>();
  #revision = 0;

  park({ call, at, parker, note, recallAfterMs }: ParkCall, options: AskOptions = {}): Promise<ParkedCall> {
    return this.#once(options, ['park', call, at], () => {
      const there = [...this.#slots.values()].find((each) => each.call.callId === call.callId);
      if (there !== undefined)
        throw refused('CALL_ALREADY_PARKED', 'This call is parked already.', { park_id: there.parkId });
      const { lot, slot } = this.#place(at);
      const taken = this.#slots.get(key(lot, slot));
      if (taken !== undefined) throw refused('SLOT_OCCUPIED', `Slot ${slot} is taken.`, { slot });
      const parkedAt = new Date();
      return this.#put({
        parkId: randomUUID(),
        lot,
        slot,
        state: 'parked',
        call,
        parker: parker ?? {},
        note: note ?? '',
        parkedAt,
        recallAt: recallAt(parkedAt.getTime(), recallAfterMs ?? DEFAULT_RECALL_MS),
        revision: 0,
      });
    });
  }

  retrieve({ from, by }: RetrieveCall, options: AskOptions = {}): Promise<ParkedCall> {
    return this.#once(options, ['retrieve', from, by], () => {
      if (from.kind === 'park') return this.#end(this.#known(from.parkId), 'retrieved');
      const { lot, slot } = this.#place(from);
      const parked = this.#slots.get(key(lot, slot));
      if (parked === undefined) throw refused('SLOT_EMPTY', `Nobody is parked in ${slot}.`, { slot }, 'NOT_FOUND');
      return this.#end(parked, 'retrieved');
    });
  }

  release(parkId: string, options: AskOptions = {}): Promise<ParkedCall> {
    return this.#once(options, ['release', parkId], () => this.#end(this.#known(parkId), 'released'));
  }

  move(parkId: string, to: SlotName, options: AskOptions = {}): Promise<ParkedCall> {
    return this.#once(options, ['move', parkId, to], () => {
      const parked = this.#known(parkId);
      const lot = to.lot ?? DEFAULT_LOT;
      if (this.#slots.has(key(lot, to.slot)))
        throw refused('SLOT_OCCUPIED', `Slot ${to.slot} is taken.`, { slot: to.slot });
      this.#end(parked, 'moved');
      return this.#put({ ...parked, parkId: randomUUID(), lot, slot: to.slot });
    });
  }

  extend(parkId: string, recallInMs: number, options: AskOptions = {}): Promise<ParkedCall> {
    return this.#once(options, ['extend', parkId, recallInMs], () =>
      this.#put({ ...this.#known(parkId), recallAt: recallAt(Date.now(), recallInMs) }),
    );
  }

  renewPolicy(parkId: string, options: AskOptions = {}): Promise<ParkedCall> {
    return this.#once(options, ['renew', parkId], () => {
      const parked = this.#known(parkId);
      return this.#put({ ...parked, recallAt: new Date((parked.parkedAt?.getTime() ?? 0) + DEFAULT_RECALL_MS) });
    });
  }

  slot({ lot = DEFAULT_LOT, slot }: SlotName): Promise<SlotView> {
    return Promise.resolve(this.#view(lot, slot));
  }

  async *slots({ lot }: { readonly lot?: string | undefined } = {}): AsyncGenerator<SlotView> {
    await Promise.resolve();
    for (const parked of this.#slots.values())
      if (lot === undefined || parked.lot === lot) yield this.#view(parked.lot, parked.slot);
  }

  async *watch({
    lot,
    signal,
  }: {
    readonly lot?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {}): AsyncGenerator<SlotChange> {
    const queue: SlotChange[] = [{ kind: 'reset' }];
    for await (const slot of this.slots({ lot })) queue.push({ kind: 'slot', slot });
    queue.push({ kind: 'synced' });
    let wake: () => void = () => undefined;
    const hear = (slot: SlotView): void => {
      if (lot !== undefined && slot.lot !== lot) return;
      queue.push({ kind: 'slot', slot });
      wake();
    };
    const stop = (): void => wake();
    this.#watchers.add(hear);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      while (signal?.aborted !== true) {
        const change = queue.shift();
        if (change !== undefined) yield change;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#watchers.delete(hear);
      signal?.removeEventListener('abort', stop);
    }
  }

  #once({ requestId }: AskOptions, request: readonly unknown[], act: () => ParkedCall): Promise<ParkedCall> {
    const body = JSON.stringify(request);
    const known = requestId === undefined ? undefined : this.#answers.get(requestId);
    if (known !== undefined && known.body !== body) {
      return Promise.reject(
        refused('REQUEST_ID_REUSED', 'The request id was used for another request.', {}, 'INVALID_ARGUMENT'),
      );
    }
    if (known !== undefined) return Promise.resolve(known.answer);
    try {
      const answer = act();
      if (requestId !== undefined) this.#answers.set(requestId, { body, answer });
      return Promise.resolve(answer);
    } catch (error) {
      // A refusal changed nothing and is not remembered: asked again, it may be answered otherwise.
      return Promise.reject(ParkadeError.of(error));
    }
  }

  #place(at: Target | RetrieveCall['from']): { readonly lot: string; readonly slot: string } {
    switch (at.kind) {
      case 'slot':
        return { lot: at.lot ?? DEFAULT_LOT, slot: at.slot };
      case 'extension':
        return { lot: '_extensions', slot: at.extension };
      case 'any': {
        const lot = at.lot ?? DEFAULT_LOT;
        for (let slot = FIRST_FREE; slot <= LAST_FREE; slot++) {
          if (!this.#slots.has(key(lot, String(slot)))) return { lot, slot: String(slot) };
        }
        throw refused('LOT_FULL', 'Every slot of the lot is taken.', {}, 'RESOURCE_EXHAUSTED');
      }
      case 'group':
      case 'park':
        throw refused('GROUP_NOT_FOUND', 'There are no groups here.', {}, 'NOT_FOUND');
    }
  }

  #known(parkId: string): ParkedCall {
    const parked = [...this.#slots.values()].find((each) => each.parkId === parkId);
    if (parked !== undefined) return parked;
    const how = this.#ended.get(parkId);
    if (how === undefined) throw refused('PARK_NOT_FOUND', 'There is no such park.', {}, 'NOT_FOUND');
    throw refused('PARK_ENDED', 'This park has ended.', { end_reason: how });
  }

  #put(parked: ParkedCall): ParkedCall {
    const told = { ...parked, revision: ++this.#revision };
    this.#slots.set(key(parked.lot, parked.slot), told);
    this.#tell(parked);
    return told;
  }

  #end(parked: ParkedCall, how: string): ParkedCall {
    this.#slots.delete(key(parked.lot, parked.slot));
    this.#ended.set(parked.parkId, how);
    this.#revision++;
    this.#tell(parked);
    return { ...parked, state: 'ended', revision: this.#revision };
  }

  #tell({ lot, slot }: { readonly lot: string; readonly slot: string }): void {
    const view = this.#view(lot, slot);
    for (const watcher of this.#watchers) watcher(view);
  }

  #view(lot: string, slot: string): SlotView {
    const parked = this.#slots.get(key(lot, slot));
    return { lot, slot, parks: parked === undefined ? [] : [parked], revision: parked?.revision ?? this.#revision };
  }
}

/** When a call comes back; after 0 ms: never. */
function recallAt(fromMs: number, afterMs: number): Date | undefined {
  return afterMs === 0 ? undefined : new Date(fromMs + afterMs);
}

function key(lot: string, slot: string): string {
  return `${lot}/${slot}`;
}

function refused(
  reason: string,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
  code = 'FAILED_PRECONDITION',
): ParkadeError {
  return new ParkadeError(reason, code, message, metadata);
}
