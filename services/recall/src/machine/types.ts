import type { CallRef, Parker } from '@parkade/proto';
import type { RecallExit, RecallPolicy } from '@parkade/settings';
import type { Note } from './note.js';
import type { PlannedLeg, RingPlan } from './plan.js';

/** What recalling needs to know of a park. Times in ms, `…At` wall. */
export interface ParkView {
  readonly parkId: string;
  readonly tenantId: string;
  readonly lotId: string;
  readonly slot: string;
  readonly call: CallRef | undefined;
  readonly parker: Parker | undefined;
  readonly parkedAtMs: number;
  /** 0: never rung back. */
  readonly ringbackTimeoutMs: number;
  readonly callbackTimeoutMs: number;
  /** 0: no bound. */
  readonly maxParkMs: number;
  /** Whether Parkade drives the media. If not, the client rings and connects, and hears of recalls by events. */
  readonly clusterMedia: boolean;
  /** Recalls begun so far. */
  readonly attempt: number;
  readonly state: ParkStateView;
  /** Where its call flow goes on when a recall fails, as its record keeps it; undefined: nowhere. */
  readonly branch?: Branch | undefined;
  /** Whom it rings, as it was resolved when it was parked; undefined: as the settings say now. */
  readonly policy?: RecallPolicy | undefined;
}

export type ParkStateView =
  /** `recallAtMs` 0: never. */
  | { readonly kind: 'parked'; readonly recallAtMs: number }
  | { readonly kind: 'ringback'; readonly untilMs: number; readonly legs: Uint8Array }
  | { readonly kind: 'retrieving'; readonly retrieveId: string; readonly byCallId: string }
  /** Reserved, or held for a move: nothing to recall yet. */
  | { readonly kind: 'other' };

/** Where a call goes that leaves: a fallback of the policy, or a target of its call flow. */
export type Exit = RecallExit | { readonly to: 'device' | 'user' | 'callflow'; readonly id: string };

/** A child of the call flow that takes a call whose recall failed. */
export interface Branch {
  /** The child's key: the slot, or `_`. */
  readonly child: string;
  readonly exit: Exclude<Exit, { to: 'wait' }>;
}

export type EndOutcome = 'answered' | 'failed' | 'branched' | 'expired';

/** Where a recall stands. Everything but `rest`, `ready` and `ring` waits for one answer of the shell. */
export type Phase =
  /** Waits for its deadline, if it has one; nothing before `notBeforeMs`. */
  | { readonly name: 'rest'; readonly notBeforeMs: number }
  /** Policy and contacts are looked up. `resume`: an attempt that rings already is taken up. */
  | { readonly name: 'prepare'; readonly expired: boolean; readonly resume: Note | undefined }
  /** The owner is asked to admit the attempt. `thenFail`: there is nobody to ring; it fails as soon as it began. */
  | {
      readonly name: 'begin';
      readonly policy: RecallPolicy;
      readonly plan: RingPlan;
      readonly note: Note;
      readonly ring: readonly PlannedLeg[];
      readonly thenFail: Again | undefined;
    }
  /** It is admitted, a little ahead: these legs ring at `note.beganMs`. */
  | {
      readonly name: 'ready';
      readonly policy: RecallPolicy;
      readonly plan: RingPlan;
      readonly note: Note;
      readonly ring: readonly PlannedLeg[];
    }
  | ({ readonly name: 'ring' } & Ringing)
  /** Somebody answered: the owner is asked whether the call is his. */
  | { readonly name: 'claim'; readonly policy: RecallPolicy; readonly note: Note; readonly legId: string }
  /** It is; the media connect them. */
  | { readonly name: 'connect'; readonly retryMs: number; readonly legId: string; readonly retrieveId: string }
  /** A claim that another process made is looked into. */
  | { readonly name: 'recover'; readonly legId: string; readonly retrieveId: string }
  /** The attempt failed: the call flow is asked for a child. */
  | { readonly name: 'branch'; readonly policy: RecallPolicy; readonly reason: string; readonly begun: boolean }
  /** The call is being transferred. */
  | {
      readonly name: 'leave';
      readonly policy: RecallPolicy;
      readonly outcome: 'branched' | 'expired';
      readonly reason: string;
      readonly begun: boolean;
    }
  /** The owner is asked to end it. `done`: it did; the record has not come yet. */
  | {
      readonly name: 'end';
      readonly outcome: EndOutcome;
      readonly legId: string | undefined;
      readonly hangUp: boolean;
      readonly done: boolean;
    }
  | { readonly name: 'gone' };

/** An attempt that rings. */
export interface Ringing {
  readonly policy: RecallPolicy;
  readonly plan: RingPlan;
  readonly note: Note;
  readonly untilMs: number;
  /** A note is being written; these legs are rung when it is. */
  readonly saving: readonly PlannedLeg[] | undefined;
  /** These are noted next. */
  readonly queued: readonly PlannedLeg[];
  /** Whether the note has changed since it was last written. */
  readonly dirty: boolean;
  /** When the plan has to be looked at again. */
  readonly nextMs: number;
}

/**
 * What follows an attempt that failed and leaves the call in its slot. `retry`: another one after the retry interval.
 * `escalate`: the ring group, at once. `re-park`: the time it was parked for, again.
 */
export type AgainHow = 'retry' | 'escalate' | 're-park';

/** When a failed recall is tried again, and what its event says. `inMs` 0: never. */
export interface Again {
  readonly how: AgainHow;
  readonly reason: string;
  readonly inMs: number;
}

/** One park's recall. `turn` rises with each phase: an answer that belongs to an older one is nobody's. */
export interface Recall {
  readonly park: ParkView;
  readonly revision: number;
  readonly turn: number;
  readonly phase: Phase;
}

/** Why a leg is cancelled; the media may say it to whoever answered. */
export type CancelCause = 'answered-elsewhere' | 'picked-up' | 'no-answer' | 'failed' | 'over';

/** How a leg stands at the switch. `foreign`: a call of that id, but no leg of this park. `unknown`: nobody could say. */
export type LegFact = 'ringing' | 'answered' | 'connected' | 'missing' | 'foreign' | 'unknown';

/** How a park ended. `joined`: somebody has the call. `left`: to a branch or a fallback. */
export type Departure = 'joined' | 'left' | 'other';

/** What happened to a leg by itself. */
export type LegNews = 'answered' | 'busy' | 'no-answer' | 'unregistered' | 'failed' | 'hung-up';

export type RecallEvent =
  /** The park's record, as it is now. */
  | { readonly is: 'record'; readonly park: ParkView; readonly revision: number }
  | { readonly is: 'gone'; readonly how: Departure; readonly revision: number }
  | { readonly is: 'due' }
  | {
      readonly is: 'prepared';
      readonly turn: number;
      readonly policy: RecallPolicy;
      readonly plan: RingPlan;
      /** How the legs of `resume` stand that have not ended. */
      readonly facts: ReadonlyMap<string, LegFact>;
    }
  /** What the owner said to the last command; `revision` 0 where it changed nothing. */
  | { readonly is: 'admitted'; readonly turn: number; readonly revision: number; readonly retrieveId: string }
  /** `known` false: nobody knows whether it was done. */
  | { readonly is: 'refused'; readonly turn: number; readonly known: boolean }
  | { readonly is: 'leg'; readonly legId: string; readonly news: LegNews }
  | { readonly is: 'connected'; readonly turn: number }
  | { readonly is: 'not-connected'; readonly turn: number; readonly callerGone: boolean }
  /** Nobody knows whether they are connected. */
  | { readonly is: 'connect-unknown'; readonly turn: number }
  | {
      readonly is: 'transferred';
      readonly turn: number;
      /** `not-held`: the call is somewhere else already. `gone`: it has ended. `unknown`: nobody says what was done. */
      readonly result: 'done' | 'not-held' | 'gone' | 'failed' | 'unknown';
    }
  | { readonly is: 'found'; readonly turn: number; readonly fact: LegFact }
  | { readonly is: 'branch'; readonly turn: number; readonly branch: Branch | undefined };

/** What the shell does, in this order. */
export type Effect =
  | { readonly do: 'prepare'; readonly attempt: number; readonly resume: Note | undefined }
  | { readonly do: 'begin'; readonly attempt: number; readonly ringMs: number; readonly legs: Uint8Array }
  | { readonly do: 'note'; readonly attempt: number; readonly legs: Uint8Array }
  | { readonly do: 'claim'; readonly legId: string }
  | { readonly do: 'give-back'; readonly retrieveId: string; readonly cause: string }
  | {
      readonly do: 'end';
      readonly attempt: number;
      readonly outcome: EndOutcome;
      readonly reason: string;
      readonly answeredBy: string | undefined;
      readonly nextRecallMs: number;
      /** Where it failed. */
      readonly next: AgainHow | undefined;
    }
  /** Retrieves the call in one step: the leg has it, whatever the record says. */
  | { readonly do: 'take'; readonly legId: string }
  /** The caller has hung up. */
  | { readonly do: 'abandon' }
  | { readonly do: 'ring'; readonly leg: PlannedLeg; readonly ringMs: number; readonly policy: RecallPolicy }
  | { readonly do: 'cancel'; readonly legId: string; readonly cause: CancelCause }
  | { readonly do: 'connect'; readonly legId: string }
  | { readonly do: 'find'; readonly legId: string }
  | { readonly do: 'transfer'; readonly exit: Exclude<Exit, { to: 'wait' }> }
  /** Hold audio again. */
  | { readonly do: 'hold' }
  | { readonly do: 'hang-up' }
  | { readonly do: 'find-branch'; readonly reason: string };

export interface Step {
  readonly recall: Recall;
  readonly effects: readonly Effect[];
}
