/** What a slot's record says to those outside (the public view, and the lamp), and how it is stored. One truth for owners and gateways. */
export * from './end-reason.js';
export * from './lamp.js';
export * from './stored-record.js';
export * from './view.js';
