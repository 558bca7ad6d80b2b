/** Servers for those who need them beside the tests: benches. */
export * from './support/etcd.js';
export * from './support/nats.js';
export * from './support/cluster.js';
export * from './support/process.js';
export * from './support/tcp-proxy.js';
