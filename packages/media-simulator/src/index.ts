export { type Action, Channel } from './calls/channel.js';
export type { Behaviour, Phone, Shown } from './sip/phone.js';
export type { InviteOptions } from './sip/sip-calls.js';
export { type PhoneOptions, SimulatedSwitch, type SwitchConfig, type SwitchDeps } from './simulated-switch.js';
export * from './park-dialplan.js';
export type { OpeningSocket } from './esl/outbound-peer.js';
