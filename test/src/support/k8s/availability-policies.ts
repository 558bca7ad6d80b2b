import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import {
  type Manifest,
  nameOf,
  ofKind,
  podLabels,
  podSpecOf,
  selects,
  type Workload,
  workloads,
} from '../manifests.js';
import { startedPrograms } from './command-policies.js';

/** How many of a workload run at least: three, so that one may be away while another is replaced. */
const FEWEST = 3;
/** Of feeds of lamps, two: each tells everything, and a third would be read for nothing. */
const FEWEST_OF: Readonly<Record<string, number>> = { 'parkade-lamps-feed': 2 };

/** What keeps a cluster up while pods, nodes and zones come and go. For overlays that are meant to. */
export function availabilityFaults(manifests: readonly Manifest[]): readonly string[] {
  const budgets = ofKind<PodDisruptionBudget>(manifests, 'PodDisruptionBudget');
  const scalers = ofKind<HorizontalPodAutoscaler>(manifests, 'HorizontalPodAutoscaler');
  const watched = workloads(manifests).flatMap((one) => {
    const scaler = scalers.find(({ spec }) => spec?.scaleTargetRef.name === one.metadata?.name);
    const mine = budgets.filter(({ spec }) => selects(spec?.selector, podLabels(one)));
    const running = scaler?.spec?.minReplicas ?? one.spec?.replicas ?? 1;
    const fewest = FEWEST_OF[one.metadata?.name ?? ''] ?? FEWEST;
    const faults = [
      ...fault(mine.length === 1, 'needs exactly one disruption budget'),
      ...fault(
        mine.every(({ spec }) => spec?.maxUnavailable === 1),
        'may lose more than one pod at a time',
      ),
      ...fault(running >= fewest, `runs fewer than ${fewest}`),
      ...fault(
        scaler === undefined || one.spec?.replicas === undefined,
        'is scaled by two: replicas and an autoscaler',
      ),
      ...spreadFaults(one),
    ];
    return faults.map((text) => `${nameOf(one)}: ${text}`);
  });
  return [...watched, ...copyFaults(manifests)];
}

/** Streams are made by whoever comes first: everybody names as many copies as there are servers. */
function copyFaults(manifests: readonly Manifest[]): readonly string[] {
  return startedPrograms(manifests).flatMap(({ workload, environment }) => {
    const { PARKADE_NATS: address } = environment;
    if (address === undefined) return [];
    const [hosts = '', copies] = address.split('?replicas=');
    return Number(copies) === hosts.split(',').length ? [] : [`${nameOf(workload)}: makes streams of ${copies ?? 1}`];
  });
}

/** Pods of a kind keep apart from each other; those with disks strictly. */
function spreadFaults(one: Workload): readonly string[] {
  const { podAntiAffinity } = podSpecOf(one).affinity ?? {};
  const strict = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const soft = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const terms =
    one.kind === 'StatefulSet' ? strict : [...strict, ...soft.map(({ podAffinityTerm }) => podAffinityTerm)];
  const apart = terms.some(
    ({ topologyKey, labelSelector }) =>
      topologyKey === 'kubernetes.io/hostname' && selects(labelSelector, podLabels(one)),
  );
  const zones = (podSpecOf(one).topologySpreadConstraints ?? []).some(
    ({ topologyKey, labelSelector }) =>
      topologyKey === 'topology.kubernetes.io/zone' && selects(labelSelector, podLabels(one)),
  );
  return [...fault(apart, 'may share a node with its like'), ...fault(zones, 'is not spread over zones')];
}

/** A new pod is ready before an old one goes, one at a time: nobody is without an owner, no gateway is missing. */
export function rolloutFaults(manifests: readonly Manifest[]): readonly string[] {
  return ofKind<Deployment>(manifests, 'Deployment').flatMap((one) => {
    const { maxSurge, maxUnavailable } = one.spec?.strategy?.rollingUpdate ?? {};
    return maxSurge === 1 && maxUnavailable === 0 ? [] : [`${nameOf(one)}: must roll with surge 1 and unavailable 0`];
  });
}

function fault(holds: boolean, text: string): readonly string[] {
  return holds ? [] : [text];
}
