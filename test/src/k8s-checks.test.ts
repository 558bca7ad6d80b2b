import type { Container, Service } from 'kubernetes-types/core/v1.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from './support/k8s/checks.js';
import type { PodMonitor, PrometheusRule } from './support/k8s/monitoring-types.js';
import { askProgramFlags, type ProgramFlags } from './support/k8s/program-help.js';
import {
  containersOf,
  type Manifest,
  ofKind,
  parseManifests,
  podSpecOf,
  renderOverlay,
  workload,
} from './support/manifests.js';

let programs: ProgramFlags;
let production: readonly Manifest[];
beforeAll(async () => {
  programs = await askProgramFlags();
  production = await renderOverlay('production');
});

/** Each check with what it has to find: a change to the production overlay, and a word of the fault. */
const FINDS: readonly (readonly [string, string, (manifests: readonly Manifest[]) => void, RegExp])[] = [
  [
    'an unknown key in a container',
    'is what',
    (all) => set(gateway(all), 'readynessProbe', {}),
    /readynessProbe.*does not exist in type 'Container'/,
  ],
  ['an unknown key of a probe', 'is what', (all) => set(gateway(all).livenessProbe, 'grcp', {}), /grcp.*'Probe'/],
  [
    'an unknown key at the top',
    'is what',
    (all) =>
      set(
        all.find(({ kind }) => kind === 'Service'),
        'specs',
        {},
      ),
    /specs/,
  ],
  [
    'an unknown kind',
    'is what',
    (all) =>
      set(
        all.find(({ kind }) => kind === 'Service'),
        'kind',
        'Servise',
      ),
    /Servise/,
  ],
  [
    'an API that is not there',
    'is what',
    (all) =>
      set(
        all.find(({ kind }) => kind === 'Service'),
        'apiVersion',
        'v3',
      ),
    /core\/v3/,
  ],
  ['a text for a number', 'is what', (all) => set(workload(all, 'parkade-etcd').spec, 'replicas', 'three'), /number/],
  [
    'a selector that is missing',
    'is what',
    (all) => set(workload(all, 'parkade-etcd').spec, 'selector', undefined),
    /selector/,
  ],
  ['an image that is latest', 'names a version', (all) => set(gateway(all), 'image', 'parkade:latest'), /no version/],
  ['an image without a tag', 'names a version', (all) => set(gateway(all), 'image', 'parkade'), /no version/],
  ['a limit that is missing', 'limits', (all) => set(gateway(all).resources?.limits, 'memory', undefined), /memory/],
  [
    'a heap above the limit',
    'limits',
    (all) => set(gateway(all).env?.[0], 'value', '--max-old-space-size=1024'),
    /heap/,
  ],
  ['a removed startup probe', 'has all', (all) => set(gateway(all), 'startupProbe', undefined), /no startupProbe/],
  [
    'a removed readiness probe',
    'has all',
    (all) => set(gateway(all), 'readinessProbe', undefined),
    /no readinessProbe/,
  ],
  ['a removed liveness probe', 'has all', (all) => set(gateway(all), 'livenessProbe', undefined), /no livenessProbe/],
  [
    'a root user',
    'keeps to',
    (all) => set(podSpecOf(workload(all, 'parkade-nats')).securityContext, 'runAsUser', 0),
    /root/,
  ],
  ['a kept capability', 'keeps to', (all) => set(gateway(all).securityContext, 'capabilities', {}), /capabilities/],
  [
    'a directory of the host',
    'keeps to',
    (all) => set(podSpecOf(workload(all, 'parkade-gateway')), 'volumes', [{ name: 'x', hostPath: { path: '/' } }]),
    /volume x/,
  ],
  [
    'service links',
    'keeps to',
    (all) => set(podSpecOf(workload(all, 'parkade-gateway')), 'enableServiceLinks', undefined),
    /PARKADE_/,
  ],
  ['an owner that may be missing', 'replaces', (all) => set(rolling(all), 'maxUnavailable', 1), /unavailable 0/],
  ['a flag that does not exist', 'names flags', (all) => gateway(all).args?.push('--threads=4'), /--threads/],
  [
    'a variable that does not exist',
    'names flags',
    (all) => gateway(all).env?.push({ name: 'PARKADE_THREADS', value: '4' }),
    /PARKADE_THREADS/,
  ],
  [
    'a variable of another command',
    'names flags',
    (all) => gateway(all).env?.push({ name: 'PARKADE_OWNERS', value: '2' }),
    /PARKADE_OWNERS/,
  ],
  [
    'a flag etcd does not have',
    'names flags',
    (all) => workload(all, 'parkade-etcd').spec?.template.spec?.containers[0]?.args?.push('--fast'),
    /--fast/,
  ],
  ['a command that does not exist', 'names flags', (all) => set(gateway(all), 'args', ['gate']), /no such program/],
  [
    'a port that is not the default',
    'agrees',
    (all) => set(gatewayEnvironment(all), 'PARKADE_PORT', '7276'),
    /7276, not on the default 7275/,
  ],
  [
    'an owner whose port nobody knows',
    'agrees',
    (all) => set(ownerEnvironment(all), 'PARKADE_PORT', '0'),
    /not the declared port/,
  ],
  [
    'a probe of another port',
    'agrees',
    (all) => set(gateway(all).readinessProbe?.grpc, 'port', 7300),
    /readinessProbe asks port 7300/,
  ],
  [
    'a probe that would have to speak TLS',
    'agrees',
    (all) => set(gateway(all).readinessProbe?.grpc, 'port', 7275),
    /readinessProbe asks a port with TLS/,
  ],
  [
    'a probe that only connects',
    'agrees',
    (all) => set(gateway(all), 'readinessProbe', { tcpSocket: { port: 7275 } }),
    /health service/,
  ],
  [
    'a liveness that goes with the lease',
    'agrees',
    (all) => set(gateway(all), 'livenessProbe', { grpc: { port: 7275 } }),
    /ask for liveness/,
  ],
  [
    'a member that is not there',
    'dials',
    (all) => set(gatewayEnvironment(all), 'PARKADE_ETCD', 'parkade-etcd-3.parkade-etcd:2379'),
    /parkade-etcd-3/,
  ],
  [
    'a kill before the drain is over',
    'leaves time',
    (all) => set(gatewayEnvironment(all), 'PARKADE_GRACE', '60s'),
    /35 s and needs 70 s/,
  ],
  [
    'a password that everybody reads',
    'keeps passwords',
    (all) => gateway(all).env?.push({ name: 'PARKADE_ESL_PASSWORD', value: 'ClueCon' }),
    /PARKADE_ESL_PASSWORD/,
  ],
  [
    'a gateway that is not there',
    'dials',
    (all) => set(configOf(all, 'parkade-flow'), 'PARKADE_GATEWAY', 'dns:///parkade-gate:7275'),
    /parkade-gate:7275/,
  ],
  [
    'a listener for switches that nobody knows of',
    'agrees',
    (all) => set(configOf(all, 'parkade-media'), 'PARKADE_OUTBOUND_PORT', '8085'),
    /--outbound-port: listens on 8085/,
  ],
  [
    'a declared port where nothing listens',
    'agrees',
    (all) => gateway(all).ports?.push({ name: 'spare', containerPort: 7999 }),
    /port 7999, where nothing listens/,
  ],
  [
    'a process without metrics',
    'serves metrics',
    (all) => set(configOf(all, 'parkade-flow'), 'PARKADE_METRICS', undefined),
    /parkade-flow: serves no metrics/,
  ],
  [
    'metrics on another port than is scraped',
    'serves metrics',
    (all) => set(configOf(all, 'parkade-flow'), 'PARKADE_METRICS', '0.0.0.0:9465'),
    /not 0.0.0.0:9465/,
  ],
  ['a process that is not scraped', 'is watched', (all) => relabel(all, 'parkade-flow', 'flaw'), /scraped by 0/],
  [
    'a job that no alert looks at',
    'is watched',
    (all) => set(podMonitor(all).spec, 'jobLabel', 'app.kubernetes.io/name'),
    /its job is "gateway"/,
  ],
  [
    'metrics of others in the job of the alerts',
    'is watched',
    (all) => set(podMonitor(all).spec.selector, 'matchExpressions', undefined),
    /parkade-etcd: is scraped/,
  ],
  [
    'an alert that is another than the product’s',
    'is watched',
    (all) => set(alertOf(all), 'for', '1d'),
    /npm run k8s:alerts/,
  ],
  ['an unknown key of an alert', 'is what', (all) => set(alertOf(all), 'four', '1m'), /four/],
  [
    'an unknown key of a monitor',
    'is what',
    (all) => set(podMonitor(all).spec.podMetricsEndpoints[0], 'paths', '/'),
    /paths/,
  ],
  ['a missing budget', 'survives', (all) => drop(all, 'PodDisruptionBudget', 'parkade-etcd'), /disruption budget/],
  [
    'pods that may share a node',
    'survives',
    (all) => set(podSpecOf(workload(all, 'parkade-nats')).affinity, 'podAntiAffinity', undefined),
    /share a node/,
  ],
  [
    'replicas beside an autoscaler',
    'survives',
    (all) => set(workload(all, 'parkade-gateway').spec, 'replicas', 5),
    /scaled by two/,
  ],
  [
    'streams of one copy',
    'survives',
    (all) => set(configOf(all, 'parkade-media'), 'PARKADE_NATS', 'nats://a-0.a:4222,a-1.a:4222,a-2.a:4222'),
    /parkade-media: makes streams of 1/,
  ],
  ['two members', 'survives', (all) => set(workload(all, 'parkade-etcd').spec, 'replicas', 2), /fewer than 3/],
  [
    'a network that is open',
    'opens',
    (all) => drop(all, 'NetworkPolicy', 'parkade-etcd', 'parkade-etcd-metrics', 'parkade-default-deny'),
    /open: .*2379/,
  ],
  [
    'metrics that everybody reads',
    'opens',
    (all) =>
      set(all.find(({ metadata }) => metadata.name === 'parkade-metrics')?.spec as object, 'ingress', [
        { ports: [{ port: 9464 }] },
      ]),
    /open: .*9464/,
  ],
  [
    'an etcd that asks for no certificate',
    'shows and asks',
    (all) => without(containersOf(workload(all, 'parkade-etcd'))[0]?.args, '--client-cert-auth'),
    /lacks --client-cert-auth/,
  ],
  [
    'an etcd that members reach in the clear',
    'shows and asks',
    (all) => containersOf(workload(all, 'parkade-etcd'))[0]?.args?.push('--listen-peer-urls=http://0.0.0.0:2380'),
    /listen-peer-urls=http:/,
  ],
  [
    'NATS servers that take each other without certificates',
    'shows and asks',
    (all) =>
      change(configOf(all, 'parkade-nats'), 'nats.conf', (text) => text.replace(/(cluster \{[^}]*)verify: true/, '$1')),
    /no TLS in cluster/,
  ],
  [
    'a process that reaches NATS in the clear',
    'shows and asks',
    (all) => set(configOf(all, 'parkade-lamps-feed'), 'PARKADE_NATS_CA', undefined),
    /parkade-lamps-feed: no PARKADE_NATS_CA/,
  ],
  [
    'a process without a certificate',
    'shows and asks',
    (all) => set(podSpecOf(workload(all, 'parkade-flow')), 'volumes', []),
    /parkade-flow: has no certificate/,
  ],
  [
    'a name that is in no certificate',
    'shows and asks',
    (all) => set(gatewayEnvironment(all), 'PARKADE_ETCD', 'parkade-etcd-7.parkade-etcd:2379'),
    /parkade-etcd-7.parkade-etcd is in no certificate/,
  ],
  [
    'an API under a name that is in no certificate',
    'shows and asks',
    (all) => {
      const service = ofKind<Service>(all, 'Service').find(({ metadata }) => metadata?.name === 'parkade-flow');
      set(service?.metadata, 'namespace', 'voip');
    },
    /parkade-flow.voip.svc is in no certificate/,
  ],
  ['a network that is shut', 'opens', (all) => drop(all, 'NetworkPolicy', 'parkade-slot-shard'), /shut: .*7300/],
];

describe('the checks find', () => {
  it.each(FINDS)('%s', (_, title, spoil, fault) => {
    const changed = [...(structuredClone(production) as Manifest[])];
    spoil(changed);
    const check = Object.entries(CHECKS.production).find(([name]) => name.startsWith(title))?.[1];
    expect(check?.(changed, programs).join('\n')).toMatch(fault);
  });

  it('a key that is there twice', () => {
    expect(() => parseManifests('apiVersion: v1\nkind: Secret\nkind: Service\nmetadata: { name: x }\n')).toThrow(
      /unique/,
    );
  });
});

function set(target: object | undefined, key: string, value: unknown): void {
  if (target === undefined) throw new Error(`nothing to change ${key} of`);
  Object.assign(target, { [key]: value });
}

function gateway(manifests: readonly Manifest[]): Container {
  const [container] = containersOf(workload(manifests, 'parkade-gateway'));
  if (container === undefined) throw new Error('the gateway has no container');
  return container;
}

function rolling(manifests: readonly Manifest[]): object | undefined {
  const owner = workload(manifests, 'parkade-slot-shard');
  return owner.kind === 'Deployment' ? owner.spec?.strategy?.rollingUpdate : undefined;
}

function configOf(manifests: readonly Manifest[], name: string): Record<string, string> | undefined {
  return ofKind<{ kind: string; metadata: { name: string }; data: Record<string, string> }>(
    manifests,
    'ConfigMap',
  ).find(({ metadata }) => metadata.name.replace(/-[a-z0-9]{10}$/, '') === name)?.data;
}

function gatewayEnvironment(manifests: readonly Manifest[]): object | undefined {
  return configOf(manifests, 'parkade-gateway');
}

function podMonitor(manifests: readonly Manifest[]): PodMonitor {
  const [monitor] = ofKind<PodMonitor>(manifests, 'PodMonitor');
  if (monitor === undefined) throw new Error('there is no PodMonitor');
  return monitor;
}

function alertOf(manifests: readonly Manifest[]): object | undefined {
  return ofKind<PrometheusRule>(manifests, 'PrometheusRule')[0]?.spec.groups[0]?.rules[0];
}

function relabel(manifests: readonly Manifest[], name: string, label: string): void {
  set(workload(manifests, name).spec?.template.metadata?.labels, 'app.kubernetes.io/name', label);
}

function ownerEnvironment(manifests: readonly Manifest[]): object | undefined {
  return configOf(manifests, 'parkade-slot-shard');
}

function without(list: string[] | undefined, item: string): void {
  const at = list?.indexOf(item) ?? -1;
  if (at < 0) throw new Error(`no ${item}`);
  list?.splice(at, 1);
}

function change(of: Record<string, string> | undefined, key: string, to: (text: string) => string): void {
  set(of, key, to(of?.[key] ?? ''));
}

function drop(manifests: readonly Manifest[], kind: string, ...names: readonly string[]): void {
  const list = manifests as Manifest[];
  for (const name of names) {
    const at = list.findIndex((one) => one.kind === kind && one.metadata.name === name);
    if (at < 0) throw new Error(`no ${kind} ${name}`);
    list.splice(at, 1);
  }
}
