export * from './durations.js';
export { FieldReader, isObject } from './flow/field-reader.js';
export * from './flow/park-data.js';
export * from './flow/read-overrides.js';
export { renewed, withLampOf } from './given.js';
export * from './group-rules.js';
export * from './group-settings.js';
export * from './issues.js';
export { decodeJson, encodeJson } from './json-value.js';
export * from './lamp-ids.js';
export * from './lot-settings.js';
export * from './media/feature-codes.js';
export * from './media/hold-settings.js';
export * from './media/notice-settings.js';
export * from './media/resolve-hold.js';
export * from './policy-settings.js';
export * from './quota-settings.js';
export * from './ranges.js';
export * from './recall-settings.js';
export * from './recall-terms.js';
export * from './resolve.js';
export * from './resolve-recall.js';
export * from './ring-group-nesting.js';
export * from './ring-group-settings.js';
export * from './slots.js';
export * from './system-settings.js';
export * from './tenant-settings.js';
export * from './cache/settings-cache.js';
export type { InvalidSettings, SettingsChange } from './cache/settings-state.js';
export type { TenantView } from './cache/tenant-view.js';
export * from './cluster-meta.js';
export * from './writes/apply-settings.js';
export * from './writes/ensure-tenant-lot.js';
export {
  guardedDelete,
  guardedPut,
  invalid,
  nameIssues,
  type WriteOptions,
  type WriteResult,
} from './writes/guarded-write.js';
export * from './writes/put-ring-group.js';
export * from './writes/put-settings.js';
export { type CheckedDocument, type FlowReader } from './writes/settings-document.js';
export * from './writes/tenant-document.js';
