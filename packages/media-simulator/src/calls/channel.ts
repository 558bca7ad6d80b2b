import type { Timer } from '@parkade/clock';
import type { Phone } from '../sip/phone.js';

/** A dial-plan application with its argument. */
export type Action = readonly [application: string, argument: string];

export type ChannelState =
  | 'CS_INIT'
  | 'CS_ROUTING'
  | 'CS_SOFT_EXECUTE'
  | 'CS_EXECUTE'
  | 'CS_EXCHANGE_MEDIA'
  | 'CS_PARK'
  | 'CS_CONSUME_MEDIA'
  | 'CS_HIBERNATE'
  | 'CS_RESET'
  | 'CS_HANGUP'
  | 'CS_REPORTING';

/** Who calls whom, as FreeSWITCH's caller profile tells it. */
export interface CallerProfile {
  username: string;
  dialplan: string;
  name: string;
  number: string;
  origName: string;
  origNumber: string;
  calleeName: string;
  calleeNumber: string;
  ani: string;
  destination: string;
  context: string;
  source: string;
  /** Whether the caller asked that nobody be shown who he is (`Privacy: id`). */
  hidden?: boolean;
  /** When the leg came to this number, in wall ms. */
  createdMs: number;
  rdnis?: string;
  transferSource?: string;
}

/** What keeps a leg busy until it is interrupted or ends by itself. */
export interface Running {
  readonly application: string;
  readonly argument: string;
  readonly applicationUuid: string;
  /** Undoes what the application holds; called once, when it ends for whatever reason. */
  readonly stop: () => void;
}

/** Two legs in conversation; `a` is the one FreeSWITCH reports the bridge on. */
export interface Bridge {
  readonly a: Channel;
  readonly b: Channel;
}

/** One leg of the simulated switch. */
export class Channel {
  /** What it was told while a `socket` application holds it; `undefined`: none does. */
  held: (() => void)[] | undefined;
  state: ChannelState = 'CS_INIT';
  /** The state that it was told to go to, while something holds it in another one. */
  nextState: ChannelState | undefined;
  callState: 'DOWN' | 'RINGING' | 'ACTIVE' | 'HANGUP' = 'DOWN';
  answerState: 'ringing' | 'answered' | 'hangup' = 'ringing';
  cause: string | undefined;
  parked = false;
  /** Ends the park it is in, where that has a limit. */
  parkLimit: Timer | undefined;
  /** The park it is in is to end when nothing runs on top of it. */
  mustLeavePark = false;
  /** The dial plan's application that runs. */
  running: Running | undefined;
  /** What runs on top of it: a broadcast, an application of `sendmsg`. */
  nested: Running | undefined;
  /** Waits for `nested` to end. */
  readonly waiting: (() => void)[] = [];
  /** What the dial plan has still to run. */
  program: readonly Action[] = [];
  bridge: Bridge | undefined;
  /** The leg it was last joined with, as `Other-Leg-…` tells it: with the profile of that moment. */
  other: { readonly channel: Channel; readonly profile: CallerProfile } | undefined;
  readonly variables = new Map<string, string>();
  /** The leg of the same call at the other switch, where one leads there. */
  across: Channel | undefined;
  /** The leg that has called this one, in its dial plan. */
  caller: Channel | undefined;

  constructor(
    readonly uuid: string,
    readonly direction: 'inbound' | 'outbound',
    /** For example `sofia/internal/1001@example.com`. */
    readonly name: string,
    readonly phone: Phone,
    public profile: CallerProfile,
  ) {}

  get isAlive(): boolean {
    return this.answerState !== 'hangup';
  }

  /** The leg it talks with now. */
  get peer(): Channel | undefined {
    return this.bridge?.a === this ? this.bridge.b : this.bridge?.a;
  }

  meets(channel: Channel): void {
    this.other = { channel, profile: channel.profile };
  }

  /** FreeSWITCH turns the caller ids round on a leg it has called, when the leg goes through a dial plan itself. */
  turnCallerIds(): void {
    const { profile, variables } = this;
    if (this.direction === 'inbound' || variables.has('pre_transfer_caller_id_number')) return;
    variables.set('pre_transfer_caller_id_name', profile.name);
    variables.set('pre_transfer_caller_id_number', profile.number);
    this.profile = {
      ...profile,
      name: profile.calleeName,
      number: profile.calleeNumber,
      calleeName: profile.origName,
      calleeNumber: profile.origNumber,
    };
  }

  isTrue(variable: string): boolean {
    return this.variables.get(variable) === 'true';
  }
}
