export * from './park/decision-table.js';
export * from './park/flow-terms.js';
export * from './park/recall-branch.js';
export * from './park/slot-state.js';
export * from './store/flow-cache.js';
export * from './store/stored-flows.js';
export { FLOW_MODULES, type FlowModule } from './tree/flow-target.js';
export * from './tree/flow-tree.js';
export * from './tree/parse-flow.js';
