export * from './leg-id.js';
export * from './note.js';
export * from './plan.js';
export * from './policy.js';
export * from './presentation.js';
export * from './step.js';
export * from './due.js';
export * from './types.js';
