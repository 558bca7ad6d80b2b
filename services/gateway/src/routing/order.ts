import type { Command } from '@parkade/proto';

type Op = NonNullable<Command['op']>;

/** A command without what the link adds: its correlation id, and what is left of its time. */
export type Order = Omit<Command, 'correlationId' | 'timeoutMs' | 'trace' | 'op'> & {
  readonly trace?: string;
  /** With its message's encoding, where it is there: that is what is sent. */
  readonly op: (Op & { readonly bytes?: Uint8Array | undefined }) | undefined;
};
