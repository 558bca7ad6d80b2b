export * from './batching.js';
export * from './handlers.js';
export * from './log.js';
export * from './observed.js';
export * from './refused.js';
export * from './security.js';
export * from './server.js';
export * from './time.js';
