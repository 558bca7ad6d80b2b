export { DEFAULT_LIMITS, type RecallConfig, type RecallLimits } from './config.js';
export type { Branch, CancelCause, Exit, LegFact, LegNews, ParkView } from './machine/types.js';
export type { Contacts } from './machine/plan.js';
export type { Presentation } from './machine/presentation.js';
export * from './media/port.js';
export { type Habit, type MediaDeed, MediaSimulator } from './media/simulator.js';
export { type Recall, type RecallDeps, startRecall } from './recall.js';
export { type Branches } from './run/branches.js';
