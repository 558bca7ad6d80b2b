export * from './embedded/open-embedded-store.js';
export { type HistoryLimits } from './embedded/history.js';
export * from './etcd/open-etcd-store.js';
export type { EtcdStoreOptions, TlsOptions } from './etcd/options.js';
export * from './open-store.js';
export * from './store.js';
