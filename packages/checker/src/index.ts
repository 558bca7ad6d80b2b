export * from './check-slots.js';
export * from './epochs.js';
export * from './history.js';
export * from './invariants.js';
export * from './linearize.js';
export * from './recalls.js';
export * from './slot-model.js';
