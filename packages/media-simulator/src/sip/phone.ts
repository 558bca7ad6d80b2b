import type { Channel } from '../calls/channel.js';

/** How a phone meets a call. Times in milliseconds. */
export type Behaviour =
  | { kind: 'answers'; afterMs: number }
  | { kind: 'rings' }
  | { kind: 'busy' }
  | { kind: 'rejects' }
  | { kind: 'not-found' }
  /** It says it cannot be reached just now (480). */
  | { kind: 'no-response' }
  /** Nothing listens at its address. */
  | { kind: 'unreachable' };

/** A call as it was shown on a phone. */
export interface Shown {
  readonly uuid: string;
  readonly name: string;
  readonly number: string;
  readonly alertInfo: string | undefined;
}

/** A simulated telephone: what it does is scripted by whoever holds it. */
export class Phone {
  behaviour: Behaviour = { kind: 'answers', afterMs: 0 };
  registered = true;
  /** Its legs at the switch, oldest first. */
  readonly legs: Channel[] = [];
  /** Every call that rang here. */
  readonly shown: Shown[] = [];
  /** What `uuid_display` has put on its screen. */
  readonly displayed: { readonly uuid: string; readonly name: string; readonly number: string }[] = [];

  /** @param authenticated whether it registers with a password, so that the switch knows its user and domain for certain. */
  constructor(
    readonly user: string,
    readonly domain: string,
    readonly port: number,
    readonly displayName: string,
    readonly context: string,
    readonly authenticated: boolean,
  ) {}
}
