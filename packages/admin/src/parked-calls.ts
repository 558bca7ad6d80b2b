import type { Refused } from '@parkade/rpc';

/** What is parked just now, as the slots' owners say. */
export interface ParkedCalls {
  /**
   * Those of the extensions at which a call waits that the group's hunt has parked. The owners have seen the settings of
   * `revision` when they answer: what these forbid is not parked afterwards. Never rejects.
   */
  ofGroup(
    tenantId: string,
    groupId: string,
    extensions: readonly string[],
    revision: number,
  ): Promise<ReadonlySet<string> | Refused>;

  /**
   * A slot of the lot in which a call waits that would not be found by it, were the lot spread over so many parts: an earlier lot of this
   * name was spread otherwise. Undefined: none. Of many calls the first ones count. Never rejects.
   */
  misplaced(tenantId: string, lotId: string, spread: number): Promise<string | undefined | Refused>;
}
