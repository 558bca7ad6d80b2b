/** A call at a switch. */
export interface Call {
  /** The media node it is on, as registered. */
  readonly mediaNode: string;
  /** The switch's id of the leg. */
  readonly callId: string;
  readonly callerName?: string | undefined;
  readonly callerNumber?: string | undefined;
}

/** Who parked: whom the call comes back to. At least the extension, where the cluster shall ring. */
export interface Parker {
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly extension?: string | undefined;
}

/** A slot of a lot; without `lot` of the tenant's default one. */
export interface SlotName {
  readonly lot?: string | undefined;
  readonly slot: string;
}

/** Where a call shall wait: a slot, any free slot of a lot, an extension, or a free member of a group. */
export type Target =
  | ({ readonly kind: 'slot' } & SlotName)
  | { readonly kind: 'any'; readonly lot?: string | undefined }
  | { readonly kind: 'extension'; readonly extension: string }
  | { readonly kind: 'group'; readonly group: string };

/** Who moves the call's audio: you, or the cluster's media service. */
export type MediaControlName = 'caller' | 'cluster';

export interface ParkCall {
  readonly call: Call;
  readonly at: Target;
  readonly parker?: Parker | undefined;
  /** At most 512 characters, shown to whoever looks at the slot. */
  readonly note?: string | undefined;
  /** After so many ms it comes back; 0: never; default: as the slot's settings say. */
  readonly recallAfterMs?: number | undefined;
  /** Default: `caller`. */
  readonly media?: MediaControlName | undefined;
}

export interface RetrieveCall {
  /** The oldest call in a slot, at an extension, or one park. */
  readonly from:
    | ({ readonly kind: 'slot' } & SlotName)
    | { readonly kind: 'extension'; readonly extension: string }
    | { readonly kind: 'park'; readonly parkId: string };
  /** The call that takes it. */
  readonly by: Call;
  readonly media?: MediaControlName | undefined;
}

export type ParkStateName = 'reserved' | 'parked' | 'ringback' | 'retrieving' | 'ended';

/** One call's stay in a slot. */
export interface ParkedCall {
  /** Names this stay for good; a call that is moved gets a new one. */
  readonly parkId: string;
  readonly lot: string;
  readonly slot: string;
  readonly state: ParkStateName;
  readonly call: Call;
  readonly parker: Parker;
  readonly note: string;
  readonly parkedAt: Date | undefined;
  /** When it comes back; undefined: it does not. */
  readonly recallAt: Date | undefined;
  /** Rises with every change of the slot. */
  readonly revision: number;
}

export interface SlotView {
  readonly lot: string;
  readonly slot: string;
  /** The oldest first; empty: the slot is free. */
  readonly parks: readonly ParkedCall[];
  readonly revision: number;
}

export type SlotChange =
  /** Everything heard before is void: all slots in use follow. */
  | { readonly kind: 'reset' }
  /** A slot as it is now. */
  | { readonly kind: 'slot'; readonly slot: SlotView }
  /** Up to date. */
  | { readonly kind: 'synced' };

export interface AskOptions {
  /**
   * A UUIDv7. The same request under the same id is done once and answered the same, for ten minutes: keep it where your own work
   * may be done again. Default: a new one, kept over the retries of this one call.
   */
  readonly requestId?: string | undefined;
  /** How long to go on trying, in ms; default: as the connection says. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The parked calls of one tenant. Every method rejects with `ParkadeError` alone. What changes something is retried under one
 * request id until it is answered or the time is over, so it is done once at most.
 */
export interface Parks {
  park(request: ParkCall, options?: AskOptions): Promise<ParkedCall>;
  retrieve(request: RetrieveCall, options?: AskOptions): Promise<ParkedCall>;
  /** Ends a park whose call you have taken care of, or that is gone. */
  release(parkId: string, options?: AskOptions): Promise<ParkedCall>;
  /** Resolves to the call's new stay: with another park id. */
  move(parkId: string, to: SlotName, options?: AskOptions): Promise<ParkedCall>;
  /** The call comes back so many ms from now; 0: never. */
  extend(parkId: string, recallInMs: number, options?: AskOptions): Promise<ParkedCall>;
  /** Brings a waiting call under the tenant's settings as they are now; what it was parked with for itself stays. */
  renewPolicy(parkId: string, options?: AskOptions): Promise<ParkedCall>;
  /** As it is at this moment, proved by its owner. */
  slot(name: SlotName, options?: Omit<AskOptions, 'requestId'>): Promise<SlotView>;
  /** Every slot in use, page by page; not one snapshot. */
  slots(filter?: { readonly lot?: string | undefined }): AsyncIterable<SlotView>;
  /**
   * Changes as they happen: a reset, the slots in use, synced, and from then on each slot that changed. Goes on where it was when
   * a gateway ends, and rejects only where going on cannot help. Ends when `signal` is aborted or the loop is left.
   */
  watch(options?: {
    readonly lot?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<SlotChange>;
}
