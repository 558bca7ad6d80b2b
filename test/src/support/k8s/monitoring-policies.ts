import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Service } from 'kubernetes-types/core/v1.js';
import { parse } from 'yaml';
import { type Manifest, nameOf, ofKind, podLabels, selects } from '../manifests.js';
import { type Started, startedPrograms } from './command-policies.js';
import type { PodMonitor, PrometheusRule, ServiceMonitor } from './monitoring-types.js';

/** Whether operators see every process. Each function names every fault in a line of its own. */

const RULES = new URL('../../../../deploy/monitoring/rules/parkade.rules.yml', import.meta.url);
const rules = (parse(await readFile(RULES, 'utf8')) as PrometheusRule['spec']).groups;

const own = (manifests: readonly Manifest[]): readonly Started[] =>
  startedPrograms(manifests).filter(({ program }) => program.startsWith('parkade '));

/** Every process of Parkade serves metrics on a port that is called `metrics`. */
export function metricsFaults(manifests: readonly Manifest[]): readonly string[] {
  return own(manifests).flatMap(({ workload, container, environment }) => {
    const port = container.ports?.find(({ name }) => name === 'metrics')?.containerPort;
    const told = environment['PARKADE_METRICS'];
    if (told === undefined) return [`${nameOf(workload)}: serves no metrics`];
    return told === `0.0.0.0:${port ?? ''}` ? [] : [`${nameOf(workload)}: its port metrics is not ${told}`];
  });
}

/** Every process of Parkade is scraped, nothing else is, as a job that the alerts look at; and the alerts are those of the product. */
export function monitoringFaults(manifests: readonly Manifest[]): readonly string[] {
  const monitors = ofKind<PodMonitor>(manifests, 'PodMonitor');
  const mine = own(manifests);
  const scraped = startedPrograms(manifests).flatMap((started) => {
    const { workload, container } = started;
    const labels = podLabels(workload);
    const by = monitors.filter(({ spec }) => selects(spec.selector, labels));
    if (!mine.some((one) => one.container === container))
      return by.map(() => `${nameOf(workload)}: is scraped, and its metrics are not those of Parkade`);
    const job = labels[by[0]?.spec.jobLabel ?? ''] ?? '';
    const names = new Set((container.ports ?? []).map(({ name }) => name));
    return [
      ...(by.length === 1 ? [] : [`${nameOf(workload)}: is scraped by ${by.length}`]),
      ...(by.length === 0 || /^parkade/.test(job) ? [] : [`${nameOf(workload)}: its job is "${job}"`]),
      ...by
        .flatMap(({ spec }) => spec.podMetricsEndpoints)
        .filter(({ port }) => !names.has(port))
        .map(({ port }) => `${nameOf(workload)}: has no port ${port}`),
    ];
  });
  // Services scraped by name: the Service, its port, and a pod that listens there.
  const services = ofKind<Service>(manifests, 'Service');
  const served = ofKind<ServiceMonitor>(manifests, 'ServiceMonitor').flatMap((monitor) => {
    const found = services.filter(({ metadata }) => selects(monitor.spec.selector, metadata?.labels ?? {}));
    const ports = new Set(found.flatMap(({ spec }) => (spec?.ports ?? []).map(({ name }) => name)));
    return [
      ...(found.length === 1 ? [] : [`${nameOf(monitor)}: finds ${found.length} Services`]),
      ...monitor.spec.endpoints
        .filter(({ port }) => !ports.has(port))
        .map(({ port }) => `${nameOf(monitor)}: no Service has a port ${port}`),
    ];
  });
  const groups = ofKind<PrometheusRule>(manifests, 'PrometheusRule').flatMap(({ spec }) => spec.groups);
  return [
    ...scraped,
    ...served,
    ...(isDeepStrictEqual(groups, rules)
      ? []
      : ['the alert rules are not those of deploy/monitoring: npm run k8s:alerts']),
  ];
}
