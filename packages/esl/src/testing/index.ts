export * from './command-reader.js';
export * from './eventually.js';
export * from './fake-switch.js';
export * from './inbound-bench.js';
export * from './recording-listener.js';
export * from './replay.js';
export * from './transcripts.js';
