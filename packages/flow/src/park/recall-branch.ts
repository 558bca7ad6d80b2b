import type { FlowBranch } from '@parkade/proto';

/** Where a call goes on whose recall failed, as recalls and media take it. */
export type BranchExit =
  | { readonly to: 'voicemail'; readonly mailbox: string }
  | { readonly to: 'device' | 'user' | 'callflow'; readonly id: string }
  | { readonly to: 'ring_group'; readonly ring_group_id: string }
  | { readonly to: 'destination'; readonly destination: string };

/** The child of a park's flow. */
export interface RecallBranch {
  /** Its key: the slot, or `_`. */
  readonly child: string;
  readonly exit: BranchExit;
}

/** The branch that a park's record, or its public view, keeps; undefined where its flow has no child for it. */
export function recallBranch(branch: FlowBranch | undefined): RecallBranch | undefined {
  const to = branch?.target?.to;
  if (branch === undefined || to === undefined) return undefined;
  const { child } = branch;
  switch (to.$case) {
    case 'voicemail':
      return { child, exit: { to: 'voicemail', mailbox: to.value } };
    case 'device':
    case 'user':
    case 'callflow':
      return { child, exit: { to: to.$case, id: to.value } };
    case 'ringGroup':
      return { child, exit: { to: 'ring_group', ring_group_id: to.value } };
    case 'destination':
      return { child, exit: { to: 'destination', destination: to.value } };
  }
}
