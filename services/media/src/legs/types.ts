/** What recalling asks of the media; the shapes are those of the recall service's port, which this satisfies. */
export interface LegRef {
  readonly legId: string;
  /** The node that holds the parked call, and so rings for it. */
  readonly mediaNode: string;
  readonly parkId: string;
}

export interface LegRequest extends LegRef {
  readonly tenantId: string;
  readonly contact: string;
  /** How long it rings, in ms. */
  readonly ringMs: number;
  readonly presentation: { readonly name: string; readonly number: string; readonly alertInfo: string };
  readonly followForwarding: boolean;
}

/** What happened to a leg by itself. */
export type Happening = 'answered' | 'busy' | 'no-answer' | 'unregistered' | 'failed' | 'hung-up';

export type LegFact = 'ringing' | 'answered' | 'connected' | 'missing' | 'foreign' | 'unknown';

/** Which park something is wanted of. */
export interface ParkName {
  readonly tenantId: string;
  readonly parkId: string;
}

export type ConnectResult = 'connected' | 'caller-gone' | 'failed';
export type TransferResult = 'done' | 'not-held' | 'gone' | 'failed';
