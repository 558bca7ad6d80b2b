export { nextDueMs } from './due.js';
export { step } from './step.js';
export type * from './types.js';
