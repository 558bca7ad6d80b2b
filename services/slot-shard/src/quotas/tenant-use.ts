interface Use {
  calls: number;
  slots: number;
}

/** What each tenant has parked at this process, in all of its shards: kept as it changes, looked up in constant time. */
export class TenantUse {
  readonly #tenants = new Map<string, Use>();

  /** Tenants with a park. */
  get tenants(): ReadonlyMap<string, Readonly<Use>> {
    return this.#tenants;
  }

  calls(tenantId: string): number {
    return this.#tenants.get(tenantId)?.calls ?? 0;
  }

  slots(tenantId: string): number {
    return this.#tenants.get(tenantId)?.slots ?? 0;
  }

  add(tenantId: string, calls: number, slots: number): void {
    let use = this.#tenants.get(tenantId);
    if (use === undefined) this.#tenants.set(tenantId, (use = { calls: 0, slots: 0 }));
    use.calls += calls;
    use.slots += slots;
    if (use.calls === 0 && use.slots === 0) this.#tenants.delete(tenantId);
  }
}
