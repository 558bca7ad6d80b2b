import type { Container } from 'kubernetes-types/core/v1.js';
import { containersOf, type Manifest, nameOf, podSpecOf, workloads } from '../manifests.js';

/** What every pod has to keep to. Each function names every fault in a line of its own. */

const VOLUME_KINDS = new Set(['name', 'configMap', 'emptyDir', 'secret', 'projected', 'downwardAPI']);
const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;
const QUANTITY = /^(\d+(?:\.\d+)?)(m|[KMGT]i?)?$/;
const FACTOR: Readonly<Record<string, number>> = { m: 1e-3, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** Every image names a version, which is no `latest`. */
export function imageFaults(manifests: readonly Manifest[]): readonly string[] {
  return eachContainer(manifests, ({ image = '' }) =>
    /^[^:@]+(:\d+\/[^:@]+)?:(?!latest$)[A-Za-z0-9][\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image)
      ? []
      : [`image ${image} names no version`],
  );
}

/** CPU and memory are asked for and limited, what is asked for is within the limit, and Node's heap leaves a fifth of it. */
export function resourceFaults(manifests: readonly Manifest[]): readonly string[] {
  return eachContainer(manifests, ({ resources, env = [] }) => {
    const faults = ['cpu', 'memory'].flatMap((what) => {
      const request = quantity(resources?.requests?.[what]);
      const limit = quantity(resources?.limits?.[what]);
      if (request === undefined || limit === undefined) return [`${what} has no request or no limit`];
      return request <= limit ? [] : [`${what}: the request is above the limit`];
    });
    const heap = /--max-old-space-size=(\d+)/.exec(env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '')?.[1];
    const memory = quantity(resources?.limits?.['memory']) ?? 0;
    if (heap !== undefined && Number(heap) * 2 ** 20 > 0.8 * memory) faults.push('the heap is too large for the limit');
    return faults;
  });
}

/** Every container has a startup, a readiness and a liveness probe. */
export function probeFaults(manifests: readonly Manifest[]): readonly string[] {
  return eachContainer(manifests, (container) =>
    PROBES.filter((probe) => container[probe] === undefined).map((probe) => `no ${probe}`),
  );
}

/** The restricted level of the Pod Security Standards, and a root file system that is not written to. */
export function securityFaults(manifests: readonly Manifest[]): readonly string[] {
  const pods = workloads(manifests).flatMap((one) => {
    const spec = podSpecOf(one);
    const { securityContext: context, volumes = [] } = spec;
    const user = context?.runAsUser ?? 0;
    return [
      ...fault(context?.runAsNonRoot === true && user > 0, 'may run as root'),
      ...fault(context?.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile'),
      ...fault(!(spec.hostNetwork || spec.hostPID || spec.hostIPC), 'is in a namespace of the host'),
      ...fault(spec.automountServiceAccountToken === false, 'gets a token it does not need'),
      ...fault(spec.enableServiceLinks === false, 'gets the names of Services as PARKADE_… variables'),
      ...volumes
        .filter((volume) => Object.keys(volume).some((key) => !VOLUME_KINDS.has(key)))
        .map(({ name }) => `volume ${name} is of a kind that is not restricted`),
    ].map((text) => `${nameOf(one)}: ${text}`);
  });
  const containers = eachContainer(manifests, ({ securityContext: context, ports = [] }) => [
    ...fault(context?.allowPrivilegeEscalation === false, 'may gain privileges'),
    ...fault(context?.privileged !== true, 'is privileged'),
    ...fault(context?.readOnlyRootFilesystem === true, 'may write to its root file system'),
    ...fault(context?.capabilities?.drop?.includes('ALL') === true, 'keeps capabilities'),
    ...fault((context?.capabilities?.add ?? []).length === 0, 'adds capabilities'),
    ...fault(context?.runAsUser !== 0 && context?.runAsNonRoot !== false, 'may run as root'),
    ...fault(context?.seccompProfile === undefined, 'has a seccomp profile of its own'),
    ...fault(!ports.some(({ hostPort }) => hostPort !== undefined), 'takes a port of the host'),
  ]);
  const namespaces = manifests
    .filter(({ kind }) => kind === 'Namespace')
    .filter(({ metadata }) => metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted')
    .map((manifest) => `${nameOf(manifest)}: does not enforce the restricted level`);
  return [...pods, ...containers, ...namespaces];
}

function fault(holds: boolean, text: string): readonly string[] {
  return holds ? [] : [text];
}

/** A quantity as a number; undefined where it is none. */
export function quantity(value: string | number | undefined): number | undefined {
  const [, amount, unit = ''] = QUANTITY.exec(String(value ?? '')) ?? [];
  const factor = unit === '' ? 1 : FACTOR[unit];
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor;
}

function eachContainer(
  manifests: readonly Manifest[],
  faultsOf: (container: Container) => readonly string[],
): readonly string[] {
  return workloads(manifests).flatMap((one) =>
    containersOf(one).flatMap((container) =>
      faultsOf(container).map((text) => `${nameOf(one)}, ${container.name}: ${text}`),
    ),
  );
}
