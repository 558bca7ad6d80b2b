import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, Probe } from 'kubernetes-types/core/v1.js';
import {
  configData,
  containersOf,
  environmentOf,
  expand,
  type Manifest,
  podSpecOf,
  secretData,
  type Secrets,
  type Workload,
} from '../manifests.js';
import { freePorts } from '../ports.js';

// Puts the pods of rendered manifests on loopback. Everything stays as rendered but two things: an address (`name:port` of a pod,
// or `0.0.0.0:port` of the pod itself) becomes a free port of 127.0.0.1, and a mounted directory a temporary one.

const LOOPBACK = '127.0.0.1';

/** Variables that say where the process itself listens. */
const HOSTS = new Set(['PARKADE_HOST', 'PARKADE_OUTBOUND_HOST']);
const PORTS = new Set(['PARKADE_PORT', 'PARKADE_HTTP_PORT', 'PARKADE_HEALTH_PORT', 'PARKADE_OUTBOUND_PORT']);

/** A container as it is started on this machine. */
export interface PlacedPod {
  readonly name: string;
  readonly container: Container;
  /** The program and its arguments, as rendered but for addresses and directories. */
  readonly command: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where a probe of this container asks: `127.0.0.1:port`. */
  addressOf(probe: Probe | undefined): string;
}

export interface Placement {
  readonly pods: readonly PlacedPod[];
  /** Removes the directories. */
  remove(): Promise<void>;
}

/** Places `count` pods of each workload. Writes their files; starts nothing. */
export async function placeOnLoopback(
  manifests: readonly Manifest[],
  wanted: readonly { readonly workload: Workload; readonly count: number }[],
  secrets: Secrets = {},
): Promise<Placement> {
  const root = await mkdtemp(join(tmpdir(), 'parkade-pods-'));
  const pods = wanted.flatMap(({ workload, count }) =>
    Array.from({ length: count }, (_, i) => ({ workload, name: `${workload.metadata?.name ?? ''}-${i}` })),
  );
  const places = new Map<string, number>();
  const wants = pods.flatMap(({ workload, name }) => declaredPorts(workload).map((port) => `${name}:${port}`));
  for (const [i, port] of (await freePorts(wants.length)).entries()) places.set(wants[i] ?? '', port);
  const placed = pods.map(({ workload, name }) => place(manifests, workload, name, join(root, name), places, secrets));
  return { pods: await Promise.all(placed), remove: () => rm(root, { recursive: true, force: true }) };
}

async function place(
  manifests: readonly Manifest[],
  workload: Workload,
  name: string,
  root: string,
  places: ReadonlyMap<string, number>,
  secrets: Secrets,
): Promise<PlacedPod> {
  const [container] = containersOf(workload);
  if (container === undefined) throw new Error(`${name} has no container`);
  const portOf = (port: number, pod = name): number => {
    const found = places.get(`${pod}:${port}`);
    if (found === undefined) throw new Error(`nobody is at ${pod}:${port}`);
    return found;
  };
  const mounts = (container.volumeMounts ?? []).map(({ name: volume, mountPath }) => ({ volume, mountPath }));
  const mounted = mounts.map(({ mountPath }) => mountPath.replaceAll('.', '\\.')).join('|');
  const here = (text: string): string => {
    const addressed = text
      .replace(/\b0\.0\.0\.0:(\d+)/g, (_, port) => `${LOOPBACK}:${portOf(Number(port))}`)
      .replace(/\b([a-z0-9-]+-\d)\.[a-z0-9-]+:(\d+)/g, (_, pod: string, port) => {
        return `${LOOPBACK}:${portOf(Number(port), pod)}`;
      })
      // A Service leads to the first pod behind it, which goes by the Service's name.
      .replace(/\bdns:\/\/\/([a-z0-9-]+):(\d+)/g, (_, service: string, port) => {
        return `${LOOPBACK}:${portOf(Number(port), `${service}-0`)}`;
      });
    return mounted === ''
      ? addressed
      : addressed.replace(new RegExp(`(?:${mounted})(?![\\w-])`, 'g'), (at) => join(root, at));
  };

  const config = podSpecOf(workload).volumes ?? [];
  for (const { volume, mountPath } of mounts) {
    const directory = join(root, mountPath);
    await mkdir(directory, { recursive: true });
    const { configMap, secret } = config.find((one) => one.name === volume) ?? {};
    const files = {
      ...(configMap?.name === undefined ? {} : configData(manifests, configMap.name)),
      ...(secret?.secretName === undefined ? {} : secretData(manifests, secrets, secret.secretName)),
    };
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), here(text));
  }

  const environment = environmentOf(manifests, container, { name, ip: LOOPBACK, secrets });
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const named = new Map((container.ports ?? []).map((port) => [port.name, port.containerPort]));
  return {
    name,
    container,
    command: words.map((word) => here(expand(word, environment))),
    environment: Object.fromEntries(
      Object.entries(environment).map(([key, value]) => {
        if (HOSTS.has(key)) return [key, value === '0.0.0.0' ? LOOPBACK : value];
        if (PORTS.has(key)) return [key, String(portOf(Number(value)))];
        return [key, here(value)];
      }),
    ),
    addressOf: (probe) => {
      const port = probe?.grpc?.port ?? probe?.httpGet?.port ?? probe?.tcpSocket?.port;
      return `${LOOPBACK}:${portOf((typeof port === 'string' ? named.get(port) : port) ?? 0)}`;
    },
  };
}

function declaredPorts(workload: Workload): readonly number[] {
  return containersOf(workload).flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
}
