/** Servers for those who need them beside the tests: benches, the fault suite. */
export * from './support/etcd.js';
export * from './support/nats.js';
export * from './support/cluster.js';
export * from './support/process.js';
export * from './support/tcp-proxy.js';
/** And what the fault suite needs besides: the network, workloads, and what testifies of a run. */
export * from './support/calls.js';
export * from './support/figures.js';
export * from './support/network.js';
export * from './support/stored-slots.js';
export * from './chaos/evidence.js';
export * from './chaos/workload.js';
export * from './media/lamps.js';
export * from './media/world.js';
export { partnerOf } from './media/who-talked.js';
export { configureTenants, switchOffMs } from './support/tenants.js';
