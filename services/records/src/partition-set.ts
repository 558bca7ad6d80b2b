import type { Acquisition, PartitionHandler } from '@parkade/ownership';
import type { EventTap } from './recording/event-tap.js';
import { Recorder, type RecorderDeps } from './recording/recorder.js';
import type { Dispatcher } from './webhooks/dispatcher.js';

export interface PartitionSetDeps {
  readonly tap: EventTap;
  readonly dispatcher: Dispatcher;
  readonly recorder: RecorderDeps;
  /** A partition came: what was not ours may be. */
  readonly onAcquired: () => void;
}

/** The partitions this process records. There is nothing to hand over: places are on the bus, and what is done twice is done once. */
export class PartitionSet implements PartitionHandler<number> {
  readonly #recorders = new Map<number, Recorder>();

  constructor(private readonly deps: PartitionSetDeps) {}

  preload(): Promise<void> {
    return Promise.resolve();
  }

  cancelPreload(): void {
    return undefined;
  }

  async acquire(partition: number, _epoch: number, how: Acquisition): Promise<void> {
    if (how === 'raised' && this.#recorders.has(partition)) return;
    const { tap, dispatcher, onAcquired } = this.deps;
    const recorder = new Recorder(partition, this.deps.recorder);
    await recorder.begin();
    this.#recorders.set(partition, recorder);
    tap.add(recorder);
    dispatcher.add(partition);
    onAcquired();
  }

  async drain(partition: number): Promise<void> {
    await this.#drop(partition);
  }

  undrain(partition: number, epoch: number): void {
    void this.acquire(partition, epoch, 'claimed').catch(() => undefined);
  }

  handOffOps(): readonly [] {
    return [];
  }

  lost(partition: number): void {
    void this.#drop(partition);
  }

  async #drop(partition: number): Promise<void> {
    const recorder = this.#recorders.get(partition);
    this.#recorders.delete(partition);
    if (recorder !== undefined) this.deps.tap.remove(recorder);
    await Promise.all([recorder?.stop(), this.deps.dispatcher.remove(partition)]);
  }
}
