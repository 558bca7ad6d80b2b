import type { Command, Reason } from '@parkade/proto';

/** What a slot's owner can be asked. */
export type Operation = NonNullable<Command['op']>;

/** What became of a command. */
export type OwnerOutcome =
  /** Durable. `revision` is the slot's; `retrieveId` is empty unless a retrieve was begun. */
  | { readonly kind: 'done'; readonly revision: number; readonly retrieveId: string }
  | {
      readonly kind: 'refused';
      readonly reason: Reason;
      readonly message: string;
      readonly metadata: Readonly<Record<string, string>>;
    }
  /** Nobody knows whether it was done. */
  | { readonly kind: 'unknown' };

/** The owners of slots, whoever they are at the moment. */
export interface OwnerPort {
  /** Brings one command to the owner of the shard; tries again until it is answered, or its time is over. Never rejects. */
  send(shard: number, op: Operation): Promise<OwnerOutcome>;
}
