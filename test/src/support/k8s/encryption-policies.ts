import { readFileSync } from 'node:fs';
import type { PodSpec, Service } from 'kubernetes-types/core/v1.js';
import { parseAllDocuments } from 'yaml';
import { configData, type Manifest, nameOf, ofKind, podSpecOf, workload } from '../manifests.js';
import { peersOf, startedPrograms } from './command-policies.js';

/** Whether nothing crosses the network that somebody else could read. Each function names every fault in a line of its own. */

const CERTIFICATES = new URL('../../../../deploy/k8s/certificates/certificates.yaml', import.meta.url);

/** What is used of cert-manager's `Certificate`. */
interface Certificate {
  readonly kind: string;
  readonly spec: { readonly secretName?: string; readonly dnsNames?: readonly string[] };
}

const NATS_BLOCKS = ['', 'cluster', 'leafnodes'] as const;
const BACKENDS = ['ETCD', 'NATS'] as const;
const ETCD_FLAGS = ['--client-cert-auth', '--peer-client-cert-auth', '--client-cert-allowed-hostname=parkade'];

/** Every process shows a certificate and asks for one; so do etcd and NATS; and each is known by a name that is in it. */
export function encryptionFaults(manifests: readonly Manifest[]): readonly string[] {
  const names = certificateNames();
  const processes = startedPrograms(manifests).flatMap((started) => {
    const { workload: one, environment, program, args } = started;
    const secrets = secretsOf(podSpecOf(one));
    const faults: string[] = [];
    if (program === 'etcd') {
      faults.push(...args.filter((arg) => /http:/.test(arg) && !arg.startsWith('--listen-metrics-urls=')));
      faults.push(...ETCD_FLAGS.filter((flag) => !args.includes(flag)).map((flag) => `lacks ${flag}`));
    } else if (program === 'nats-server') {
      const config = natsConfigOf(manifests, podSpecOf(one));
      faults.push(
        ...NATS_BLOCKS.filter((block) => !asksForCertificates(config, block)).map((at) => `no TLS in ${at}{}`),
      );
    } else {
      for (const backend of BACKENDS) {
        if (environment[`PARKADE_${backend}`] === undefined) continue;
        for (const what of ['CA', 'CERT', 'KEY'] as const)
          if (environment[`PARKADE_${backend}_${what}`] === undefined) faults.push(`no PARKADE_${backend}_${what}`);
      }
      // What serves nothing but health, to the kubelet, has nothing to hide.
      if (environment['PARKADE_TLS_CERT'] === undefined && program !== 'parkade lamps-feed')
        faults.push('serves in the clear');
      for (const { host } of peersOf(started)) {
        const there = podSpecOf(workload(manifests, host.split('.')[0]?.replace(/-\d+$/, '') ?? ''));
        const known = secretsOf(there).flatMap((secret) => names.get(secret) ?? []);
        if (!known.includes(host)) faults.push(`${host} is in no certificate of ${String(secretsOf(there))}`);
      }
    }
    if (!secrets.some((secret) => names.has(secret))) faults.push('has no certificate');
    return faults.map((text) => `${nameOf(one)}: ${text}`);
  });
  return [...processes, ...publicNameFaults(manifests, names)];
}

/** Callers of an API dial its Service, from other namespaces by a longer name: each has to be in the certificate it is shown. */
function publicNameFaults(
  manifests: readonly Manifest[],
  names: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  return ofKind<Service>(manifests, 'Service').flatMap(({ metadata, spec }) => {
    const { name = '', namespace = '' } = metadata ?? {};
    if (spec?.ports?.some((port) => port.name === 'grpc') !== true) return [];
    const known = secretsOf(podSpecOf(workload(manifests, name))).flatMap((secret) => names.get(secret) ?? []);
    return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`]
      .filter((host) => !known.includes(host))
      .map((host) => `${host} is in no certificate that its callers are shown`);
  });
}

function certificateNames(): ReadonlyMap<string, readonly string[]> {
  const all = parseAllDocuments(readFileSync(CERTIFICATES, 'utf8')).map((one) => one.toJS() as Certificate);
  return new Map(
    all
      .filter(({ kind }) => kind === 'Certificate')
      .map(({ spec: { secretName = '', dnsNames = [] } }) => [secretName, dnsNames]),
  );
}

function secretsOf({ volumes = [] }: PodSpec): readonly string[] {
  return volumes.flatMap(({ secret }) => secret?.secretName ?? []);
}

function natsConfigOf(manifests: readonly Manifest[], { volumes = [] }: PodSpec): string {
  const name = volumes.find(({ configMap }) => configMap !== undefined)?.configMap?.name ?? '';
  return configData(manifests, name)['nats.conf'] ?? '';
}

/** Whether the block (`''`: the top) has a `tls` block of its own that verifies. */
function asksForCertificates(config: string, block: (typeof NATS_BLOCKS)[number]): boolean {
  const indent = block === '' ? '' : '  ';
  const within = block === '' ? config : (new RegExp(`^${block} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(config)?.[1] ?? '');
  const tls = new RegExp(`^${indent}tls \\{\\n([\\s\\S]*?)^${indent}\\}`, 'm').exec(within)?.[1] ?? '';
  return /^\s*verify: true$/m.test(tls) && /^\s*ca_file: /m.test(tls);
}
