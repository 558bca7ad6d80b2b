/** The generated messages and service of `parkade.admin.v1`, apart: their names (Group, Member, User) are common ones. */
export * from './gen/parkade/admin/v1/admin_service.js';
export * from './gen/parkade/admin/v1/groups.js';
export * from './gen/parkade/admin/v1/list.js';
export * from './gen/parkade/admin/v1/lots.js';
export * from './gen/parkade/admin/v1/park_server.js';
export * from './gen/parkade/admin/v1/records.js';
export * from './gen/parkade/admin/v1/prompt_files.js';
export * from './gen/parkade/admin/v1/ring_groups.js';
export * from './gen/parkade/admin/v1/tenants.js';
export * from './gen/parkade/admin/v1/users.js';
