export { MAX_ENDED, MAX_REASON_LENGTH } from './apply.js';
export { nextDueMs, parkRecallDueMs, recallDueMs } from './due.js';
export { MAX_LEGS_BYTES } from './recall.js';
export { step } from './step.js';
export type * from './types.js';
