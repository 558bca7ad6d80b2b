import type { Subscription } from '@parkade/esl';

/** What is told of every leg. */
const ALWAYS = ['CHANNEL_ANSWER', 'CHANNEL_PARK', 'CHANNEL_BRIDGE', 'CHANNEL_HANGUP', 'DTMF'];
/** What is told of legs that {@link TOLD} stands on: of each application that begins and ends, which is much. */
const WHERE_TOLD = ['CHANNEL_EXECUTE', 'CHANNEL_EXECUTE_COMPLETE'];

const TOLD_VARIABLE = 'parkade_told';

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
  ],
};
