import type { EslEvent, Subscription } from '@parkade/esl';

/** What is told of every leg. */
const ALWAYS = ['CHANNEL_ANSWER', 'CHANNEL_PARK', 'CHANNEL_BRIDGE', 'CHANNEL_HANGUP', 'DTMF'];
/** What is told of legs that {@link TOLD} stands on, and of those that have come to a code: of applications that begin, which is much. */
const WHERE_TOLD = ['CHANNEL_EXECUTE'];

const TOLD_VARIABLE = 'parkade_told';

/** The dial plan sets it for the application with which a call waits at a code, and for that one alone. */
const ARRIVED = 'scope_variable_parkade_arrived';

/** Whether an event tells that a call has come to a code. */
export function isArrival(event: EslEvent): boolean {
  return event.name === 'CHANNEL_EXECUTE' && event.get(ARRIVED) === 'true';
}

/** Variables of a leg whose applications are to be told. */
export const TOLD: Readonly<Record<string, string>> = { [TOLD_VARIABLE]: 'true' };

/**
 * The events that a node is asked for. An event of six kilobytes costs the switch and us as much as a command, so the switch
 * holds back whatever nobody waits for.
 */
export const LEG_EVENTS: Subscription = {
  events: [...ALWAYS, ...WHERE_TOLD],
  filters: [
    ...ALWAYS.map((value) => ({ header: 'Event-Name', value })),
    { header: `variable_${TOLD_VARIABLE}`, value: 'true' },
    { header: ARRIVED, value: 'true' },
  ],
};
