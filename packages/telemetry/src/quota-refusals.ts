import { Counter, type Registry } from 'prom-client';

/** Counts what is refused for a tenant's quota, by quota; whose it was is not told. Once a registry. */
export function quotaRefusals(registry: Registry): (quota: string) => void {
  const refusals = new Counter({
    name: 'parkade_quota_refusals_total',
    help: 'Requests refused because their tenant has used up a quota, by quota.',
    labelNames: ['quota'],
    registers: [registry],
  });
  return (quota) => refusals.inc({ quota });
}
