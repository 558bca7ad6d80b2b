export { DEFAULT_LIMITS, type SlotShardConfig, type SlotShardLimits } from './config.js';
export { type SlotShard, type SlotShardDeps, startSlotShard } from './slot-shard.js';
