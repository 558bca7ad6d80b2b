export { DEFAULT_LIMITS, type FlowConfig, type FlowLimits } from './config.js';
export { type FlowDeps, type FlowProcess, startFlow } from './flow.js';
