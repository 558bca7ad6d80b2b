import { LIVENESS_NAME } from '@parkade/rpc';
import type { Container, Probe, Service } from 'kubernetes-types/core/v1.js';
import {
  containersOf,
  environmentOf,
  type Manifest,
  nameOf,
  ofKind,
  podLabels,
  podSpecOf,
  selects,
  type Workload,
  workloads,
} from '../manifests.js';
import type { Flag, ProgramFlags } from './program-help.js';

/** Whether what the manifests say fits the programs they start. Each function names every fault in a line of its own. */

/** Kept between the end of the drain and the kill. */
const SHUTDOWN_MARGIN_S = 5;

/** One started program with all it is told. */
export interface Started {
  readonly workload: Workload;
  readonly container: Container;
  /** `parkade gateway`, `etcd`, … */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export function startedPrograms(manifests: readonly Manifest[]): readonly Started[] {
  return workloads(manifests).flatMap((workload) =>
    containersOf(workload).map((container) => {
      const [path = '', ...words] = [...(container.command ?? []), ...(container.args ?? [])];
      const program = path.split('/').at(-1) ?? '';
      const own = program === 'parkade';
      return {
        workload,
        container,
        program: own ? `parkade ${words[0] ?? ''}` : program,
        args: own ? words.slice(1) : words,
        environment: environmentOf(manifests, container, { name: 'pod', ip: '127.0.0.1' }),
      };
    }),
  );
}

/** Every flag and every PARKADE_ variable is one that the program itself knows. */
export function flagFaults(manifests: readonly Manifest[], programs: ProgramFlags): readonly string[] {
  return startedPrograms(manifests).flatMap((started) => {
    const flags = programs.get(started.program);
    if (flags === undefined) return [`${tell(started)}: no such program`];
    const names = new Set(flags.map(({ name }) => name));
    const variables = new Set(flags.map(({ variable }) => variable));
    const unknownFlags = started.args
      .filter((arg) => arg.startsWith('--'))
      .map((arg) => arg.split('=')[0] ?? '')
      .filter((name) => !names.has(name));
    const unknownVariables = Object.keys(started.environment).filter(
      (name) => name.startsWith('PARKADE_') && !variables.has(name),
    );
    return [...unknownFlags, ...unknownVariables].map((name) => `${tell(started)}: does not know ${name}`);
  });
}

/** The port a process is told to listen on is its default where it has one, and the one that is declared, probed and served. */
export function portFaults(manifests: readonly Manifest[], programs: ProgramFlags): readonly string[] {
  return startedPrograms(manifests).flatMap((started) => {
    const { container } = started;
    const open = new Map((container.ports ?? []).map(({ name = '', containerPort }) => [name, containerPort]));
    const resolve = (port: number | string | undefined): number =>
      (typeof port === 'string' ? open.get(port) : port) ?? 0;
    const declared = new Set(open.values());
    const faults = (['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
      .map((name) => [name, resolve(probePort(container[name]))] as const)
      .filter(([, port]) => !declared.has(port))
      .map(([name, port]) => `${name} asks port ${port}, which is not declared`);
    const flags = programs.get(started.program) ?? [];
    if (started.program.startsWith('parkade ')) {
      const standard = Number(flags.find(({ name }) => name === '--port')?.standard);
      const port = Number(settingOf(started, flags, '--port'));
      if (standard !== 0 && port !== standard) faults.push(`listens on ${port}, not on the default ${standard}`);
      const health = settingOf(started, flags, '--health-port');
      const others = ['--health-port', '--http-port', '--outbound-port', '--metrics'].flatMap((name) => {
        const told = settingOf(started, flags, name)?.split(':').at(-1);
        return told === undefined ? [] : [[name, Number(told)] as const];
      });
      if (!declared.has(port)) faults.push(`listens on ${port}, which is not the declared port`);
      for (const [name, other] of others)
        if (!declared.has(other)) faults.push(`${name}: listens on ${other}, which is not declared`);
      const listens = new Set([port, ...others.map(([, other]) => other)]);
      for (const other of declared)
        if (!listens.has(other)) faults.push(`declares port ${other}, where nothing listens`);
      const encrypted = started.environment['PARKADE_TLS_CERT'] !== undefined;
      for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
        if (encrypted && resolve(probePort(container[name])) !== Number(health))
          faults.push(`${name} asks a port with TLS, which the kubelet does not speak`);
      if (settingOf(started, flags, '--host') !== '0.0.0.0') faults.push('listens where nobody reaches it');
      for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
        if (container[name]?.grpc === undefined) faults.push(`${name} does not ask the health service`);
      // Readiness goes with the lease: asked for liveness, it would restart every owner whenever etcd is away.
      if (container.livenessProbe?.grpc?.service !== LIVENESS_NAME)
        faults.push(`livenessProbe does not ask for ${LIVENESS_NAME}`);
    }
    for (const { metadata, spec } of servicesOf(manifests, started.workload)) {
      for (const { port, targetPort } of spec?.ports ?? [])
        if (!declared.has(resolve(targetPort ?? port)) || resolve(targetPort ?? port) !== port)
          faults.push(`Service ${metadata?.name ?? ''} leads to port ${String(targetPort ?? port)}, which is another`);
    }
    return faults.map((text) => `${tell(started)}: ${text}`);
  });
}

/**
 * Every `<pod>.<service>:<port>` a process is told is a pod that is there, under a headless Service, with that port open; every
 * `<service>:<port>` a Service that serves it.
 */
export function addressFaults(manifests: readonly Manifest[]): readonly string[] {
  return startedPrograms(manifests).flatMap((started) =>
    peersOf(started)
      .filter(({ host, port }) => podAt(manifests, host, port) === undefined)
      .map(({ host, port }) => `${tell(started)}: nobody is at ${host}:${port}`),
  );
}

/** The hosts a process of Parkade is told to dial. */
export function peersOf({ environment }: Started): readonly { readonly host: string; readonly port: number }[] {
  const text = ['PARKADE_ETCD', 'PARKADE_NATS', 'PARKADE_GATEWAY'].map((name) => environment[name] ?? '').join(' ');
  return [...text.matchAll(/([a-z][a-z0-9.-]*):(\d+)/g)].map(([, host = '', port]) => ({ host, port: Number(port) }));
}

/** The workload whose pod, or whose Service, has that name in DNS and that port open. */
export function podAt(manifests: readonly Manifest[], host: string, port: number): Workload | undefined {
  const [pod, service] = host.split('.');
  return workloads(manifests).find((one) => {
    if (service === undefined)
      return servicesOf(manifests, one).some(
        ({ metadata, spec }) => metadata?.name === pod && (spec?.ports ?? []).some((served) => served.port === port),
      );
    if (one.kind !== 'StatefulSet') return false;
    const { serviceName, replicas = 1 } = one.spec ?? {};
    const names = Array.from({ length: replicas }, (_, i) => `${one.metadata?.name ?? ''}-${i}`);
    const headless = servicesOf(manifests, one).some(
      ({ metadata, spec }) => metadata?.name === serviceName && spec?.clusterIP === 'None',
    );
    const open = containersOf(one).some(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port));
    return headless && open && service === serviceName && names.includes(pod ?? '');
  });
}

/** What nobody may read stands in a Secret, never in a config map or in the workload. */
export function secretFaults(manifests: readonly Manifest[]): readonly string[] {
  return startedPrograms(manifests).flatMap((started) =>
    Object.entries(started.environment)
      .filter(([name, value]) => /PASSWORD|TOKEN$|SECRET/.test(name) && !value.startsWith('secret:'))
      .map(([name]) => `${tell(started)}: ${name} is written where everybody reads it`),
  );
}

/** preStop, the drain the process is told, and a margin fit into the time before the kill. */
export function shutdownFaults(manifests: readonly Manifest[], programs: ProgramFlags): readonly string[] {
  return startedPrograms(manifests)
    .filter(({ program }) => program.startsWith('parkade '))
    .flatMap((started) => {
      const [command, seconds = '0'] = started.container.lifecycle?.preStop?.exec?.command ?? ['sleep'];
      const grace = /^(\d+)s$/.exec(settingOf(started, programs.get(started.program) ?? [], '--grace') ?? '')?.[1];
      const given = podSpecOf(started.workload).terminationGracePeriodSeconds ?? 30;
      if (command !== 'sleep' || grace === undefined) return [`${tell(started)}: its drain cannot be told in seconds`];
      const needed = Number(seconds) + Number(grace) + SHUTDOWN_MARGIN_S;
      return given >= needed ? [] : [`${tell(started)}: is killed after ${given} s and needs ${needed} s`];
    });
}

/** What the process goes by: its command line, else its environment, else its default. */
function settingOf({ args, environment }: Started, flags: readonly Flag[], name: string): string | undefined {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  const flag = flags.find((known) => known.name === name);
  if (at >= 0) return args[at]?.split('=')[1] ?? args[at + 1];
  return (flag?.variable === undefined ? undefined : environment[flag.variable]) ?? flag?.standard;
}

function servicesOf(manifests: readonly Manifest[], one: Workload): readonly Service[] {
  return ofKind<Service>(manifests, 'Service').filter(({ spec }) =>
    selects({ matchLabels: spec?.selector ?? { none: '' } }, podLabels(one)),
  );
}

function probePort(probe: Probe | undefined): number | string | undefined {
  return probe?.grpc?.port ?? probe?.httpGet?.port ?? probe?.tcpSocket?.port;
}

function tell({ workload, container }: Started): string {
  return `${nameOf(workload)}, ${container.name}`;
}
