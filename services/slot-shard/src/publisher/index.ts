export * from './catch-up.js';
export * from './config.js';
export * from './history.js';
export * from './observer.js';
export { Publisher } from './publisher.js';
export type { ShardCommitted } from './republish.js';
