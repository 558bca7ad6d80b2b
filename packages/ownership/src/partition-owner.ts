import type { Compare } from '@parkade/store';
import type { HandOffRequest, HandOffResult } from './hand-off.js';
import type { PartitionOwnerConfig, PartitionOwnerDeps } from './options.js';
import type { OwnedPartitions, TakeoverOutcome } from './owned-partitions.js';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';

/** Owns partitions of one role for this member; `OwnedPartitions` says what each method promises. */
export class PartitionOwner<P extends PartitionId> implements OwnedPartitions<P> {
  constructor(
    private readonly config: PartitionOwnerConfig<P>,
    private readonly deps: PartitionOwnerDeps<P>,
  ) {}

  start(): Promise<void> {
    return Promise.reject(new Error(`not yet ${this.config.space.role} ${typeof this.deps}`));
  }
  epochOf(_partition: P): number | undefined {
    return undefined;
  }
  owns(_partition: P): boolean {
    return false;
  }
  owned(): readonly P[] {
    return [];
  }
  sessionValid(): boolean {
    return false;
  }
  hint(_partition: P): OwnerHint | undefined {
    return undefined;
  }
  fenceCompare(_partition: P): Compare {
    throw new Error('not yet');
  }
  raiseEpoch(_partition: P): Promise<number> {
    return Promise.reject(new Error('not yet'));
  }
  confirmLost(_partition: P): Promise<boolean> {
    return Promise.resolve(false);
  }
  reportUnreachable(_memberIdOrAddress: string, _evidence: string): Promise<TakeoverOutcome> {
    return Promise.resolve('not-found');
  }
  handOff(_request: HandOffRequest): Promise<HandOffResult> {
    return Promise.resolve({ ok: false, reason: 'not-owner' });
  }
  refresh(): void {
    throw new Error('not yet');
  }
  leave(_deadlineMs: number): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
