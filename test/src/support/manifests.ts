import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Container, PodSpec, Secret } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { parseAllDocuments } from 'yaml';

const K8S = fileURLToPath(new URL('../../../deploy/k8s/', import.meta.url));

/** One object as kustomize rendered it; its shape is proved by `schemaFaults`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
}

export type Workload = Deployment | StatefulSet;
export type Overlay = 'dev' | 'production';

/** Renders an overlay with the kubectl in PATH (any from 1.14 on). Rejects with what kubectl said where it cannot. */
export async function renderOverlay(overlay: Overlay): Promise<readonly Manifest[]> {
  const { stdout } = await promisify(execFile)('kubectl', ['kustomize', `${K8S}overlays/${overlay}`], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return parseManifests(stdout);
}

/** The objects of a YAML text. Throws where it is no YAML, has a key twice, or holds something that is no object with a name. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const manifest: unknown = document.toJS();
    if (!isManifest(manifest)) throw new Error(`not an object with apiVersion, kind and name: ${String(document)}`);
    return manifest;
  });
}

function isManifest(value: unknown): value is Manifest {
  const { apiVersion, kind, metadata } = (value ?? {}) as Record<string, unknown>;
  const { name } = (metadata ?? {}) as Record<string, unknown>;
  return [apiVersion, kind, name].every((text) => typeof text === 'string');
}

/** All objects of one kind, as that kind. */
export function ofKind<T extends { kind?: string }>(manifests: readonly Manifest[], kind: T['kind']): readonly T[] {
  return manifests.filter((manifest) => manifest.kind === kind) as unknown as readonly T[];
}

/** `kind/name`. */
export function nameOf({ kind, metadata }: { kind?: string; metadata?: ObjectMeta }): string {
  return `${kind ?? '?'}/${metadata?.name ?? '?'}`;
}

/** What runs pods. */
export function workloads(manifests: readonly Manifest[]): readonly Workload[] {
  return [...ofKind<Deployment>(manifests, 'Deployment'), ...ofKind<StatefulSet>(manifests, 'StatefulSet')];
}

/** Throws where there is none of that name. */
export function workload(manifests: readonly Manifest[], name: string): Workload {
  const found = workloads(manifests).find(({ metadata }) => metadata?.name === name);
  if (found === undefined) throw new Error(`no workload ${name}`);
  return found;
}

/** Throws where there is none, which the schema rules out. */
export function podSpecOf(one: Workload): PodSpec {
  const spec = one.spec?.template.spec;
  if (spec === undefined) throw new Error(`${nameOf(one)} has no pod`);
  return spec;
}

export function podLabels(one: Workload): Readonly<Record<string, string>> {
  return one.spec?.template.metadata?.labels ?? {};
}

/** Every container of a workload, those that run first too. */
export function containersOf(one: Workload): readonly Container[] {
  const { containers, initContainers = [] } = podSpecOf(one);
  return [...initContainers, ...containers];
}

/** A config map's data; throws where there is none of that name. */
export function configData(manifests: readonly Manifest[], name: string): Readonly<Record<string, string>> {
  const found = ofKind<ConfigMap>(manifests, 'ConfigMap').find(({ metadata }) => metadata?.name === name);
  if (found === undefined) throw new Error(`no ConfigMap ${name}`);
  return found.data ?? {};
}

/** Values of secrets that are made outside of the manifests, by the secret's name. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a secret holds: as made outside, else as rendered. Throws where it is neither. */
export function secretData(
  manifests: readonly Manifest[],
  secrets: Secrets,
  name: string,
): Readonly<Record<string, string>> {
  const rendered = ofKind<Secret>(manifests, 'Secret').find(({ metadata }) => metadata?.name === name);
  const found = secrets[name] ?? rendered?.data;
  if (found === undefined) throw new Error(`no Secret ${name}`);
  const read = (text: string): string => (secrets[name] === undefined ? Buffer.from(text, 'base64').toString() : text);
  return Object.fromEntries(Object.entries(found).map(([key, text]) => [key, read(text)]));
}

/** Who a container is when its environment is made. */
export interface PodIdentity {
  readonly name: string;
  readonly ip: string;
  /** Undefined: a value out of a secret reads as its place, `secret:<name>/<key>`. */
  readonly secrets?: Secrets;
}

/** The environment of a container, in the order the kubelet makes it. Throws for a source these manifests do not use. */
export function environmentOf(
  manifests: readonly Manifest[],
  { envFrom = [], env = [] }: Container,
  pod: PodIdentity,
): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const { configMapRef, secretRef, prefix } of envFrom) {
    if (configMapRef?.name === undefined || secretRef !== undefined || prefix !== undefined)
      throw new Error('only whole config maps are known here');
    Object.assign(result, configData(manifests, configMapRef.name));
  }
  for (const { name, value, valueFrom } of env) {
    const field = valueFrom?.fieldRef?.fieldPath;
    const { name: secret, key } = valueFrom?.secretKeyRef ?? {};
    if (valueFrom === undefined) result[name] = expand(value ?? '', result);
    else if (field === 'metadata.name') result[name] = pod.name;
    else if (field === 'status.podIP') result[name] = pod.ip;
    else if (secret !== undefined && key !== undefined) {
      const value = pod.secrets === undefined ? undefined : secretData(manifests, pod.secrets, secret)[key];
      if (pod.secrets !== undefined && value === undefined) throw new Error(`no ${key} in the Secret ${secret}`);
      result[name] = value ?? `secret:${secret}/${key}`;
    } else throw new Error(`${name}: a source that is not known here`);
  }
  return result;
}

/** Puts variables in for `$(NAME)`, as the kubelet does. */
export function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (whole, name: string) => environment[name] ?? whole);
}

/** One condition of a selector. */
interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Whether labels carry all that a selector asks for; of expressions only `In` is used here, others throw. */
export function selects(
  selector: { matchLabels?: Record<string, string>; matchExpressions?: readonly Expression[] } | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) return false;
  const fits = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    if (operator !== 'In') throw new Error(`selectors by ${operator} are not known here`);
    return values.includes(labels[key] ?? '');
  });
  return fits && Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}
