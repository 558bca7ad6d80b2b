import type { PartitionId } from './partition-space.js';

/** The partition is not ours: whatever was to be done with it must not be done here. */
export class OwnershipLostError extends Error {
  override readonly name = 'OwnershipLostError';

  constructor(
    readonly role: string,
    readonly partition: PartitionId,
  ) {
    super(`${role} partition ${partition} is not ours`);
  }
}
