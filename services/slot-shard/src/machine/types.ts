import type {
  Actor,
  CallRef,
  FailedRecallNext,
  FlowBranch,
  MediaControl,
  ParkRecord,
  Parker,
  Policy,
  Reason,
  RecallOutcome,
  SlotName,
  SlotRecord,
} from '@parkade/proto';

/**
 * A command for one slot: validated, its settings resolved, its ids chosen by the shell. The machine is pure: same record, same
 * command, same context, same step.
 */
export type SlotCommand =
  | ({ readonly kind: 'park' } & Arrival)
  | ({ readonly kind: 'reserve' } & Arrival)
  | { readonly kind: 'complete'; readonly requestId: string; readonly parkId: string; readonly call: CallRef }
  | {
      readonly kind: 'begin-retrieve';
      readonly requestId: string;
      /** undefined: the oldest that waits. */
      readonly parkId: string | undefined;
      readonly retrieveId: string;
      readonly by: CallRef;
      readonly giveUpAfterMs: number;
      /** SHA-256 of what a phone of another media node may come with; undefined: none may. */
      readonly pickupDigest?: Uint8Array | undefined;
    }
  | {
      readonly kind: 'claim-pickup';
      readonly requestId: string;
      readonly parkId: string;
      readonly digest: Uint8Array;
      /** Where the phone has come to, and where it may have come from. */
      readonly mediaNode: string;
      readonly fromMediaNodes: readonly string[];
    }
  | {
      readonly kind: 'confirm-retrieve';
      readonly requestId: string;
      readonly parkId: string;
      readonly retrieveId: string;
    }
  | {
      readonly kind: 'give-back';
      readonly requestId: string;
      readonly parkId: string;
      readonly retrieveId: string;
      readonly cause: string;
      /** Only while its pickup is not claimed. */
      readonly ifUnclaimed?: boolean | undefined;
    }
  /** Begin and confirm in one. */
  | { readonly kind: 'retrieve'; readonly requestId: string; readonly parkId: string | undefined; readonly by: CallRef }
  | {
      readonly kind: 'release';
      readonly requestId: string;
      readonly parkId: string;
      readonly cause: ReleaseCause;
      /** `escaped`: where the call goes; else empty. */
      readonly destination: string;
      /** Refused (WRONG_CALL) unless it is the parked call's id; undefined: any. */
      readonly callId: string | undefined;
    }
  /** `recallInMs` 0: never. */
  | { readonly kind: 'extend'; readonly requestId: string; readonly parkId: string; readonly recallInMs: number }
  /** The settings as they are now, what the call gave itself kept. */
  | { readonly kind: 'renew'; readonly requestId: string; readonly parkId: string; readonly policy: Policy }
  /** The source's half of a move. */
  | {
      readonly kind: 'move-out';
      readonly requestId: string;
      readonly parkId: string;
      readonly to: SlotName;
      readonly nextParkId: string;
    }
  /** The destination's half of a move inside a shard (`holdMoveId` undefined), or of one it holds its slot for. */
  | {
      readonly kind: 'move-in';
      readonly requestId: string;
      readonly park: ParkRecord;
      readonly parkId: string;
      /** The destination's: presence id and type; the timers stay those of `park`. */
      readonly policy: Policy;
      readonly from: SlotName;
      readonly holdMoveId: string | undefined;
    }
  /** Holds the slot for a park that is being moved here from another shard. */
  | {
      readonly kind: 'hold-for-move';
      readonly requestId: string;
      readonly parkId: string;
      readonly fromParkId: string;
      readonly untilMs: number;
    }
  /** The source refused the move: its hold ends. `nothing` when it is gone already. */
  | { readonly kind: 'drop-hold'; readonly moveId: string }
  | {
      readonly kind: 'begin-recall';
      readonly requestId: string;
      readonly parkId: string;
      readonly attempt: number;
      readonly ringMs: number;
      readonly legs: Uint8Array;
    }
  | {
      readonly kind: 'note-recall';
      readonly requestId: string;
      readonly parkId: string;
      readonly attempt: number;
      readonly legs: Uint8Array;
      /** 0: unchanged. */
      readonly untilMs: number;
    }
  | {
      readonly kind: 'end-recall';
      readonly requestId: string;
      readonly parkId: string;
      readonly attempt: number;
      readonly outcome: RecallOutcome;
      readonly reason: string;
      readonly answeredBy: CallRef | undefined;
      /** FAILED: until the next attempt; 0: never. */
      readonly nextRecallMs: number;
      /** FAILED: what the waiting is called. */
      readonly next: FailedRecallNext;
    }
  /** Time: the one change that is most overdue happens (a retrieve given back, a reservation or a hold ended). */
  | { readonly kind: 'tick' };

/** Why a park ends without a retriever. */
export type ReleaseCause = 'released' | 'abandoned' | 'transfer' | 'escaped';

/** A call that comes to a slot. */
export interface Arrival {
  readonly requestId: string;
  readonly parkId: string;
  readonly call: CallRef;
  readonly parker: Parker | undefined;
  readonly note: string;
  readonly policy: Policy;
  readonly mediaControl: MediaControl;
  /** Where its call flow takes it when a recall fails. */
  readonly branch?: FlowBranch | undefined;
}

/** What a step may depend on beside the record and the command. */
export interface StepContext {
  readonly nowMs: number;
  readonly name: SlotName;
  /** Parks the slot holds at most, at least 1. */
  readonly capacity: number;
  /** How long a reservation outlives its consulting call when that ended by the attended transfer itself. */
  readonly transferGraceMs: number;
  /** The record's revision; absent: the slot has none. */
  readonly revision?: number | undefined;
  /** Who asks through an API; absent: nobody whom the audit names. */
  readonly by?: Actor | undefined;
}

export type Step =
  /** The record as it is now, and the park the command was about (as it is now, or as it left). */
  | { readonly kind: 'apply'; readonly record: SlotRecord; readonly park: ParkRecord; readonly left: boolean }
  /** Nothing is changed. */
  | { readonly kind: 'refuse'; readonly refusal: RefusalData }
  /** Nothing is changed, and nothing was wrong: a tick with nothing due, a hold to drop that is gone already. */
  | { readonly kind: 'nothing' };

/** An expected outcome that is not success, with the data its reader needs. */
export interface RefusalData {
  readonly reason: Reason;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}
