import { batch, computed, signal } from '@preact/signals';
import { changesText, changeText } from '../model/changes.js';
import { busyRows, freeSlots, shownRows, type View } from '../model/rows.js';
import { SlotMap } from '../model/slot-map.js';
import type { BoardCommand, BoardLot, BoardProblem, BoardSlot, ClusterNow, HandOff, Hello } from '../wire.js';
import { Connection, type ConnectionState } from './connection.js';
import type { BoardEvent } from './read-events.js';
import { sendCommand } from './send-command.js';
import { type Session, savedSession, saveSession } from './session.js';

/** Hand-offs remembered. */
const MAX_HAND_OFFS = 100;

/**
 * All the page shows.
 *
 *   B1. Whatever one event changes is drawn once.
 *   B2. What was there before the connection was lost stays on the page, marked as old, until the stream says otherwise.
 *   B3. What is announced to screen readers is said once a second at most, and not for what was there when the page opened.
 */
export class BoardState {
  readonly session = signal<Session>(savedSession());
  readonly connection = signal<ConnectionState>('connecting');
  /** Why the gateway lets nobody in; undefined: it does. */
  readonly refused = signal<BoardProblem | undefined>(undefined);
  readonly hello = signal<Hello | undefined>(undefined);
  /** Whether all slots in use are here. */
  readonly synced = signal(false);
  readonly lots = signal<readonly BoardLot[]>([]);
  readonly cluster = signal<ClusterNow | undefined>(undefined);
  readonly handOffs = signal<readonly HandOff[]>([]);
  readonly announcement = signal('');
  /** The gateway's time, to the second. */
  readonly nowMs = signal(Date.now());
  readonly view = signal<View>({ search: '', sort: 'slot', descending: false, showFree: false });

  readonly #map = new SlotMap();
  /** Made anew with every change of the map. */
  readonly #shown = signal({ slots: this.#map.slots });
  readonly busy = computed(() => busyRows(this.#shown.value.slots.values()));
  readonly free = computed(() => freeSlots(this.lots.value, this.#shown.value.slots));
  readonly rows = computed(() => {
    const view = this.view.value;
    return shownRows(this.busy.value, view.showFree ? this.free.value : [], view);
  });

  #clockOffsetMs = 0;
  #untold: string[] = [];
  #connection: Connection | undefined;

  /** Connects, and keeps time. */
  start(): void {
    setInterval(() => this.#tick(), 1_000);
    this.signIn(this.session.value);
  }

  /** Begins anew as somebody, or for another tenant. */
  signIn(session: Session): void {
    this.#connection?.close();
    saveSession(session);
    this.#map.clear();
    batch(() => {
      this.session.value = session;
      this.refused.value = undefined;
      this.hello.value = undefined;
      this.synced.value = false;
      this.cluster.value = undefined;
      this.handOffs.value = [];
      this.lots.value = [];
      this.#shown.value = { slots: this.#map.slots };
    });
    this.#connection = new Connection(session.tenantId, session.token, {
      event: (event) => batch(() => this.#take(event)),
      state: (state) => void (this.connection.value = state),
      refused: (problem) => void (this.refused.value = problem),
    });
  }

  /** The park, wherever its call is in the list; undefined: it has ended. */
  park(parkId: string) {
    return this.busy.value.find(({ key }) => key === parkId);
  }

  /** Has a command done for the tenant that is shown; undefined: it was. */
  command(command: Omit<BoardCommand, 'tenantId'> & { readonly parkId: string }): Promise<BoardProblem | undefined> {
    const tenantId = this.hello.value?.tenantId ?? '';
    return sendCommand({ ...command, tenantId } as BoardCommand, this.session.value.token);
  }

  #take(event: BoardEvent): void {
    switch (event.name) {
      case 'hello':
        this.#setClock(event.data.nowMs);
        this.hello.value = event.data;
        this.cluster.value = undefined;
        this.handOffs.value = [];
        if (!event.data.resumed) this.#forget();
        return;
      case 'reset':
        return this.#forget();
      case 'slots':
        return this.#takeSlots(event.data);
      case 'synced':
        this.#setClock(event.data.nowMs);
        this.synced.value = true;
        return;
      case 'lots':
        this.lots.value = event.data;
        return;
      case 'cluster':
        this.cluster.value = event.data;
        return;
      case 'handOffs': {
        const last = this.handOffs.value[0]?.number ?? 0;
        const fresh = event.data.filter(({ number }) => number > last).reverse();
        this.handOffs.value = [...fresh, ...this.handOffs.value].slice(0, MAX_HAND_OFFS);
        return;
      }
      case 'refused':
        return;
    }
  }

  #takeSlots(slots: readonly BoardSlot[]): void {
    for (const slot of slots) {
      const put = this.#map.put(slot);
      if (put === undefined || !this.synced.value) continue;
      const text = changeText(put.before, slot);
      if (text !== undefined) this.#untold.push(text);
    }
    this.#shown.value = { slots: this.#map.slots };
  }

  #forget(): void {
    this.#map.clear();
    this.synced.value = false;
    this.#shown.value = { slots: this.#map.slots };
  }

  #setClock(gatewayMs: number): void {
    this.#clockOffsetMs = gatewayMs - Date.now();
  }

  #tick(): void {
    const untold = this.#untold.splice(0);
    batch(() => {
      this.nowMs.value = Date.now() + this.#clockOffsetMs;
      if (untold.length > 0) this.announcement.value = changesText(untold);
    });
  }
}
