export * from './admin.js';
export { type Group, type GroupInput, type GroupPatch } from './groups/group.js';
export { type Member } from './groups/members.js';
export { type AdminLimits, DEFAULT_ADMIN_LIMITS } from './limits.js';
export {
  type ListQuery,
  type ListShape,
  MAX_SEARCH_LENGTH,
  MAX_SKIP,
  MAX_TOP,
  type Page,
  pageOf,
} from './lists/page.js';
export * from './park-server/park-server.js';
export { type ParkedCalls } from './parked-calls.js';
export * from './prompt-files/blobs.js';
export { LINK_MS, SignedLinks } from './prompt-files/links.js';
export * from './prompt-files/prompt-file.js';
export { invalid, invalidField } from './refusals.js';
export { ActorScope, type ChangeBy } from './audit/actor-scope.js';
export { auditedStore } from './audit/audited-store.js';
export { type WriteOptions } from './rules/expected-revision.js';
export { type TenantQuotas } from './tenants/quotas.js';
export { type ListedTenant } from './tenants/tenants.js';
export { type Written } from './tenant-writer.js';
export { type User } from './users/user.js';
export { type UserInput, type UserPatch } from './users/users.js';
