/** What a slot's record says to those outside: the public view, and the lamp. One truth for owners and gateways. */
export * from './end-reason.js';
export * from './lamp.js';
export * from './view.js';
