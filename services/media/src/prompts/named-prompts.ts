import type { TenantView } from '@parkade/settings';

/** The prompt files that a tenant's settings name: its own, its lots' and their slots'. */
export function namedPrompts(tenant: TenantView | undefined): readonly string[] {
  if (tenant === undefined) return [];
  const { settings } = tenant;
  const ids = new Set<string | undefined>([settings.prompt_file_id, settings.hold?.prompt_file_id]);
  for (const { hold, slots } of tenant.lots()) {
    ids.add(hold?.prompt_file_id);
    for (const slot of Object.values(slots)) ids.add(slot.hold?.prompt_file_id);
  }
  return [...ids].filter((id): id is string => id !== undefined);
}
