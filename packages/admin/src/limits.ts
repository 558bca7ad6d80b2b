/** What one tenant may have at most; past it a create is refused with TOO_MANY. */
export interface AdminLimits {
  /** Tenants of the cluster. */
  readonly maxTenants: number;
  readonly maxGroups: number;
  readonly maxRingGroups: number;
  readonly maxLots: number;
  readonly maxUsers: number;
  readonly maxPromptFiles: number;
  /** Writes of one tenant waiting in this process; past it: OVERLOADED. */
  readonly maxWaiting: number;
  /** How often a write is decided anew because the tenant was changed meanwhile by another process. */
  readonly maxAttempts: number;
  /** How long the settings of this process may take to come up to what the store says. */
  readonly settleMs: number;
}

export const DEFAULT_ADMIN_LIMITS: AdminLimits = {
  maxTenants: 100_000,
  maxGroups: 20_000,
  maxRingGroups: 5_000,
  maxLots: 1_000,
  maxUsers: 50_000,
  maxPromptFiles: 200,
  maxWaiting: 512,
  maxAttempts: 64,
  settleMs: 5_000,
};
