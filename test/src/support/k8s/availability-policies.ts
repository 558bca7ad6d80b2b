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

/** What keeps a cluster up while pods, nodes and zones come and go. For overlays that are meant to. */
export function availabilityFaults(manifests: readonly Manifest[]): readonly string[] {
  const budgets = ofKind<PodDisruptionBudget>(manifests, 'PodDisruptionBudget');
  const scalers = ofKind<HorizontalPodAutoscaler>(manifests, 'HorizontalPodAutoscaler');
  return workloads(manifests).flatMap((one) => {
    const scaler = scalers.find(({ spec }) => spec?.scaleTargetRef.name === one.metadata?.name);
    const mine = budgets.filter(({ spec }) => selects(spec?.selector, podLabels(one)));
    const faults = [
      ...fault(mine.length === 1, 'needs exactly one disruption budget'),
      ...fault(
        mine.every(({ spec }) => spec?.maxUnavailable === 1),
        'may lose more than one pod at a time',
      ),
      ...fault((scaler?.spec?.minReplicas ?? one.spec?.replicas ?? 1) >= 3, 'runs fewer than three'),
      ...fault(
        scaler === undefined || one.spec?.replicas === undefined,
        'is scaled by two: replicas and an autoscaler',
      ),
      ...spreadFaults(one),
    ];
    return faults.map((text) => `${nameOf(one)}: ${text}`);
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
