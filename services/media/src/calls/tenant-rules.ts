/** Whose calls these are. Every field that is given must fit; none of them is anything that a phone can write. */
export interface TenantRule {
  readonly tenantId: string;
  readonly node?: string | undefined;
  /** The SIP profile. */
  readonly profile?: string | undefined;
  /** The dial plan's context. */
  readonly context?: string | undefined;
  /** The domain that the phone has authenticated in. */
  readonly domain?: string | undefined;
  /** The lot of its codes; default: the tenant's lot `default`. */
  readonly lotId?: string | undefined;
  /** Music class of hold audio; default `moh`. */
  readonly music?: string | undefined;
}

/** The domain of a tenant's phones: as configured, else of its first rule that names one. */
export function domainOf(
  {
    domains,
    tenants,
  }: { readonly domains?: Readonly<Record<string, string>> | undefined; readonly tenants: readonly TenantRule[] },
  tenantId: string,
): string | undefined {
  return domains?.[tenantId] ?? tenants.find((rule) => rule.tenantId === tenantId && rule.domain !== undefined)?.domain;
}

/** Where a call is, as its node tells. */
export interface Origin {
  readonly node: string;
  readonly profile: string;
  readonly context: string;
  /** Empty: nobody has authenticated. */
  readonly domain: string;
}

/** The first rule that fits; undefined: the call is nobody's, and is refused. */
export function ruleFor(rules: readonly TenantRule[], origin: Origin): TenantRule | undefined {
  return rules.find(
    ({ node = origin.node, profile = origin.profile, context = origin.context, domain = origin.domain }) =>
      node === origin.node && profile === origin.profile && context === origin.context && domain === origin.domain,
  );
}
