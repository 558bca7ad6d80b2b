export { type Choice, type ChoiceContext, SlotPool, type SlotPoolOptions, type SlotSelection } from './slot-pool.js';
