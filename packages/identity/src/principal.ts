/** What a role lets its holder do in a tenant or in one of its lots. `admin` includes the other three. */
export const ROLES = ['park', 'retrieve', 'view', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What an operation asks for: a role in a tenant or lot, or to be an operator of the whole cluster. */
export type Action = Role | 'operator';

/** What somebody may do in one tenant. */
export interface TenantRights {
  /** In all of the tenant, every lot included. */
  readonly roles: ReadonlySet<Role>;
  /** In single lots, on top of `roles`. */
  readonly lots: ReadonlyMap<string, ReadonlySet<Role>>;
}

/** Who calls, and what they may do. Immutable; shared by all calls with the same token. */
export interface Principal {
  /** The token's `sub`; for logs and audit. */
  readonly subject: string;
  /** How they were recognised: nobody asked (`open`), a token, or a process of this cluster. */
  readonly kind: 'open' | 'token' | 'service';
  /** Everything in every tenant, and what concerns the cluster as a whole. */
  readonly operator: boolean;
  readonly tenants: ReadonlyMap<string, TenantRights>;
  /** Wall ms at which this ends, with the leeway for clocks that differ; Infinity: never. */
  readonly expiresAtMs: number;
}

/** Everybody, where no tokens are asked for. */
export const OPEN_PRINCIPAL: Principal = Object.freeze({
  subject: 'anybody',
  kind: 'open',
  operator: true,
  tenants: new Map<string, TenantRights>(),
  expiresAtMs: Number.POSITIVE_INFINITY,
});

/** A process of this cluster: whatever its own callers may do was checked where they called. */
export const SERVICE_PRINCIPAL: Principal = Object.freeze({ ...OPEN_PRINCIPAL, subject: 'parkade', kind: 'service' });
