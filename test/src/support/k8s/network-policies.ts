import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from 'kubernetes-types/networking/v1.js';
import { type Manifest, ofKind, podLabels, selects, workload } from '../manifests.js';
import { peersOf, podAt, startedPrograms } from './command-policies.js';

type Labels = Readonly<Record<string, string>>;

/** One end of a connection, as policies see it. */
export interface End {
  readonly pod: Labels;
  /** Labels of its namespace; undefined: the policies' own. */
  readonly namespace?: Labels | undefined;
  /** It is on the Internet. */
  readonly outside?: boolean;
}

/** Whether policies let a TCP connection through: its start may leave, and its end may take it. */
export function connects(manifests: readonly Manifest[], from: End, to: End, port: number): boolean {
  const policies = ofKind<NetworkPolicy>(manifests, 'NetworkPolicy');
  const way = (type: 'Ingress' | 'Egress', own: End, other: End): boolean => {
    if (own.namespace !== undefined || own.outside === true) return true;
    const mine = policies.filter(
      ({ spec }) =>
        selects({ ...spec?.podSelector, matchLabels: spec?.podSelector.matchLabels ?? {} }, own.pod) &&
        (spec?.policyTypes ?? []).includes(type),
    );
    const rules = mine.flatMap(({ spec }) =>
      type === 'Ingress'
        ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports })),
    );
    return mine.length === 0 || rules.some(({ peers, ports }) => matchesPeer(peers, other) && matchesPort(ports, port));
  };
  return way('Egress', from, to) && way('Ingress', to, from);
}

function matchesPeer(peers: readonly NetworkPolicyPeer[] | undefined, end: End): boolean {
  return (peers ?? [{}]).some(({ podSelector, namespaceSelector, ipBlock }) => {
    // Blocks are of the Internet alone, private networks left out.
    if (ipBlock !== undefined) return end.outside === true && (ipBlock.except ?? []).length > 0;
    if (end.outside === true) return false;
    const there =
      namespaceSelector === undefined
        ? podSelector === undefined || end.namespace === undefined
        : end.namespace !== undefined && selects({ matchLabels: {}, ...namespaceSelector }, end.namespace);
    return there && (podSelector === undefined || selects({ matchLabels: {}, ...podSelector }, end.pod));
  });
}

function matchesPort(ports: readonly NetworkPolicyPort[] | undefined, port: number): boolean {
  return ports === undefined || ports.some((one) => one.port === port && (one.protocol ?? 'TCP') === 'TCP');
}

/** Every connection the processes make is let through, and what nobody needs is not. */
export function networkFaults(manifests: readonly Manifest[]): readonly string[] {
  const pod = (name: string): End => ({ pod: podLabels(workload(manifests, `parkade-${name}`)) });
  const told = startedPrograms(manifests).flatMap((started) =>
    peersOf(started).map(({ host, port }) => {
      const to = podAt(manifests, host, port);
      return { from: { pod: podLabels(started.workload) }, to: { pod: to === undefined ? {} : podLabels(to) }, port };
    }),
  );
  const stranger: End = { pod: { app: 'stranger' } };
  const processes = ['gateway', 'slot-shard', 'recall', 'flow', 'media', 'lamps-feed', 'records'];
  const prometheus: End = { pod: {}, namespace: { 'kubernetes.io/metadata.name': 'monitoring' } };
  const internet: End = { pod: {}, outside: true };
  const elsewhere = (label?: string): End => ({
    pod: {},
    namespace: label === undefined ? {} : { [label]: 'allowed' },
  });
  const dns: End = {
    pod: { 'k8s-app': 'kube-dns' },
    namespace: { 'kubernetes.io/metadata.name': 'kube-system' },
  };
  const needed = [
    ...told,
    { from: pod('gateway'), to: pod('slot-shard'), port: 7300 },
    { from: pod('slot-shard'), to: pod('slot-shard'), port: 7300 },
    { from: pod('etcd'), to: pod('etcd'), port: 2380 },
    { from: pod('nats'), to: pod('nats'), port: 6222 },
    { from: elsewhere('parkade-client'), to: pod('gateway'), port: 7275 },
    { from: elsewhere('parkade-client'), to: pod('gateway'), port: 7280 },
    { from: elsewhere('parkade-events'), to: pod('nats'), port: 4222 },
    { from: elsewhere('parkade-events'), to: pod('nats'), port: 7422 },
    { from: prometheus, to: pod('etcd'), port: 2381 },
    { from: pod('recall'), to: pod('slot-shard'), port: 7300 },
    { from: pod('recall'), to: pod('recall'), port: 7400 },
    { from: pod('recall'), to: pod('media'), port: 7700 },
    { from: pod('media'), to: pod('media'), port: 7700 },
    { from: pod('gateway'), to: pod('media'), port: 7700 },
    { from: pod('records'), to: pod('records'), port: 7800 },
    { from: pod('records'), to: internet, port: 443 },
    { from: elsewhere('parkade-client'), to: pod('recall'), port: 7400 },
    { from: elsewhere('parkade-client'), to: pod('flow'), port: 7500 },
    { from: elsewhere('parkade-switches'), to: pod('media'), port: 8084 },
    { from: pod('media'), to: elsewhere('parkade-switches'), port: 8021 },
    ...processes.map((name) => ({ from: prometheus, to: pod(name), port: 9464 })),
    ...[...processes, 'etcd', 'nats'].map((name) => ({ from: pod(name), to: dns, port: 53 })),
  ];
  const refused = [
    ...[stranger, elsewhere(), elsewhere('parkade-client'), elsewhere('parkade-events')].flatMap((from) => [
      { from, to: pod('etcd'), port: 2379 },
      { from, to: pod('slot-shard'), port: 7300 },
    ]),
    ...[stranger, elsewhere(), elsewhere('parkade-client'), elsewhere('parkade-switches')].flatMap((from) => [
      ...processes.map((name) => ({ from, to: pod(name), port: 9464 })),
      { from, to: pod('media'), port: 7700 },
    ]),
    { from: prometheus, to: pod('gateway'), port: 7275 },
    { from: prometheus, to: pod('etcd'), port: 2379 },
    { from: elsewhere('parkade-client'), to: pod('media'), port: 8084 },
    { from: elsewhere('parkade-switches'), to: pod('gateway'), port: 7275 },
    { from: pod('gateway'), to: elsewhere('parkade-switches'), port: 8021 },
    { from: pod('lamps-feed'), to: pod('etcd'), port: 2379 },
    { from: pod('flow'), to: pod('slot-shard'), port: 7300 },
    ...[stranger, elsewhere(), elsewhere('parkade-client')].map((from) => ({ from, to: pod('etcd'), port: 2381 })),
    { from: stranger, to: pod('gateway'), port: 7275 },
    { from: elsewhere(), to: pod('gateway'), port: 7280 },
    { from: pod('flow'), to: pod('gateway'), port: 7280 },
    { from: elsewhere(), to: pod('nats'), port: 7422 },
    { from: elsewhere(), to: pod('gateway'), port: 7275 },
    { from: elsewhere('parkade-client'), to: pod('nats'), port: 4222 },
    { from: pod('flow'), to: pod('nats'), port: 4222 },
    { from: pod('gateway'), to: elsewhere(), port: 443 },
    { from: pod('gateway'), to: internet, port: 443 },
    { from: pod('records'), to: elsewhere(), port: 443 },
    { from: pod('gateway'), to: pod('records'), port: 7800 },
    { from: pod('slot-shard'), to: pod('gateway'), port: 7275 },
    { from: pod('nats'), to: pod('etcd'), port: 2379 },
  ];
  const tell = ({ from, to, port }: (typeof needed)[number]): string =>
    `${JSON.stringify(from)} to ${JSON.stringify(to)} port ${port}`;
  return [
    ...needed.filter(({ from, to, port }) => !connects(manifests, from, to, port)).map((one) => `shut: ${tell(one)}`),
    ...refused.filter(({ from, to, port }) => connects(manifests, from, to, port)).map((one) => `open: ${tell(one)}`),
  ];
}
