/** What a client asked of one slot. A call is parked at most once in a history: its id stands for its stay. */
export type Action =
  | { readonly kind: 'park'; readonly call: string }
  /** `call` undefined: whoever is there. */
  | { readonly kind: 'retrieve'; readonly call: string | undefined }
  | { readonly kind: 'release'; readonly call: string }
  | { readonly kind: 'get' };

/** What the client was told. */
export type Outcome =
  /** It was done, to this call. */
  | { readonly kind: 'done'; readonly call: string }
  /** A park was refused: somebody is there. */
  | { readonly kind: 'occupied' }
  /** A park was refused: this very call is there. */
  | { readonly kind: 'parked-already' }
  /** A retrieve of whoever is there was refused: nobody is. */
  | { readonly kind: 'empty' }
  /** A retrieve or release of a call was refused: that call is not there any more. */
  | { readonly kind: 'ended' }
  /** Who was seen there; undefined: nobody. */
  | { readonly kind: 'saw'; readonly call: string | undefined }
  /** Nobody told: it takes effect at any time after it was asked, or never. */
  | { readonly kind: 'unknown' };

/** One operation on one slot, as its client saw it. */
export interface Operation {
  /** Names it in reports. */
  readonly name: string;
  readonly slot: string;
  readonly action: Action;
  readonly outcome: Outcome;
  /** When it was asked and answered, on one clock; of an unknown outcome the answer's time counts for nothing. */
  readonly askedAt: number;
  readonly answeredAt: number;
}
