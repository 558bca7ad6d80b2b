/** How an operation answered a caller. Whatever is neither of the first three has passed who may call. */
export type Outcome = 'unauthenticated' | 'denied' | 'no-tenant' | 'served';

/** Who calls: with a token or without, or with the certificate of a process. */
export interface Caller {
  readonly token?: string | undefined;
  readonly certificate?: boolean | undefined;
}

/** One operation of one API, of whatever kind. */
export interface Operation {
  /** What the table of rights calls it. */
  readonly name: string;
  /** Asks for it in the tenant `acme`. Never rejects. */
  call(caller: Caller): Promise<Outcome>;
}
