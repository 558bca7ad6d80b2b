import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DevKey, loadDevKey } from '@parkade/identity';
import { TestCa } from '@parkade/identity/testing';
import { LAMPS_FEED, STREAMS } from '@parkade/presence';
import { recordStreams } from '@parkade/records';
import { DEFAULT_SYSTEM } from '@parkade/settings';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Placement, placeOnLoopback } from './support/k8s/loopback.js';
import { type PodProcess, startPod } from './support/k8s/pod-process.js';
import { type Overlay, renderOverlay, type Secrets, workload } from './support/manifests.js';
import { freePorts } from './support/ports.js';
import { runCli } from './support/process.js';

/** Where a process serves its API, which is not where it is probed. */
const API = { tcpSocket: { port: 'grpc' } };

const NATS_LEAF = fileURLToPath(new URL('../../deploy/kamailio/nats-leaf.conf', import.meta.url));

const READY_WITHIN_MS = 45_000;
const TENANT = { tenants: { acme: { lots: { default: { ranges: [{ first: '701', last: '720' }] } } } } };

/** A secret as cert-manager makes it. */
async function certificate(
  authority: TestCa,
  name: string,
  ...subjects: readonly string[]
): Promise<Record<string, string>> {
  const { cert, key, ca } = await authority.issue(name, ...subjects);
  const [crt = '', pem = '', root = ''] = await Promise.all([cert, key, ca].map((path) => readFile(path, 'utf8')));
  return { 'tls.crt': crt, 'tls.key': pem, 'ca.crt': root };
}

/** What runs of each overlay: all of etcd and NATS, and as many of Parkade as show that they find each other. */
const PODS: Readonly<Record<Overlay, Readonly<Record<string, number>>>> = {
  dev: { etcd: 1, nats: 1, 'slot-shard': 1, gateway: 1, recall: 1, flow: 1, media: 1, 'lamps-feed': 1, records: 1 },
  production: {
    etcd: 3,
    nats: 3,
    'slot-shard': 2,
    gateway: 1,
    recall: 1,
    flow: 1,
    media: 1,
    'lamps-feed': 1,
    records: 1,
  },
};

describe.each(['dev', 'production'] as const)(
  'the %s overlay, run with its own commands, environment and files',
  (overlay) => {
    let placement: Placement | undefined;
    let directory = '';
    let ca: TestCa | undefined;
    const key = (): Promise<DevKey> => loadDevKey(join(directory, 'dev.jwk'), true);
    /** What is made outside of the manifests. */
    const secretsOf = async (): Promise<Secrets> => {
      if (ca === undefined) return {};
      return {
        'parkade-tls': await certificate(ca, 'tls', 'DNS:parkade'),
        // Their own names, by which they are dialled, are addresses here.
        'parkade-etcd-tls': await certificate(ca, 'etcd', 'IP:127.0.0.1'),
        'parkade-nats-tls': await certificate(ca, 'nats', 'IP:127.0.0.1', 'DNS:localhost'),
        'parkade-esl': { password: 'of the switches' },
        'parkade-jwks': { 'jwks.json': JSON.stringify((await key()).jwks) },
      };
    };
    /** Who the client is, where that is asked. */
    const credentialsOf = async (): Promise<Record<string, string>> => {
      if (ca === undefined) return {};
      const { PARKADE_ISSUER: issuer, PARKADE_AUDIENCE: audience } = first('gateway').pod.environment;
      const nowMs = Date.now();
      const rights = { tenants: { acme: { roles: ['park', 'retrieve', 'view'] } } };
      const claims = { subject: 'test', rights, nowMs, expiresAtMs: nowMs + 3_600_000, issuer, audience };
      const token = await (await key()).mint(claims);
      return { PARKADE_TOKEN: token, PARKADE_CA: ca.ca, PARKADE_SERVER_NAME: 'parkade' };
    };
    const processes: PodProcess[] = [];
    const named = (name: string): readonly PodProcess[] =>
      processes.filter(({ pod }) => pod.name.startsWith(`parkade-${name}-`));
    const first = (name: string): PodProcess => {
      const [one] = named(name);
      if (one === undefined) throw new Error(`no ${name} runs`);
      return one;
    };
    const gateway = (): string => first('gateway').pod.addressOf(API);
    const etcd = (): string => first('gateway').pod.environment['PARKADE_ETCD'] ?? '';
    /** How what is not a pod reaches etcd and NATS. */
    const tlsFiles = (): { cert: string; key: string; ca: string } | undefined => {
      const { PARKADE_TLS_CERT: cert, PARKADE_TLS_KEY: key, PARKADE_TLS_CA: root } = first('gateway').pod.environment;
      return cert === undefined || key === undefined || root === undefined ? undefined : { cert, key, ca: root };
    };
    const etcdTls = (): readonly string[] => {
      const files = tlsFiles();
      return files === undefined ? [] : ['--etcd-ca', files.ca, '--etcd-cert', files.cert, '--etcd-key', files.key];
    };
    const natsServers = (): string[] =>
      named('nats').map(({ pod }) => pod.addressOf({ tcpSocket: { port: 'client' } }));
    const runRecalls = async (recall: string): Promise<{ code: number }> =>
      runCli(['recalls', '--recall', recall], { PARKADE_TENANT: 'acme', ...(await credentialsOf()) });
    const parkade = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args, {
        PARKADE_GATEWAY: gateway(),
        PARKADE_TENANT: 'acme',
        PARKADE_TIMEOUT: '15s',
        // Node warns of names that are addresses, as etcd's are here.
        NODE_OPTIONS: '--disable-warning=DEP0123',
        ...(await credentialsOf()),
      });
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'parkade-settings-'));
      if (overlay === 'production') ca = await TestCa.make(directory);
      const manifests = await renderOverlay(overlay);
      const wanted = Object.entries(PODS[overlay]).map(([name, count]) => ({
        workload: workload(manifests, `parkade-${name}`),
        count,
      }));
      placement = await placeOnLoopback(manifests, wanted, await secretsOf());
      processes.push(...placement.pods.map(startPod));
      await Promise.all(processes.map((one) => one.until('readinessProbe', READY_WITHIN_MS)));
    });
    afterAll(async () => {
      await Promise.all(processes.map((one) => one.end('SIGKILL')));
      await placement?.remove();
      await rm(directory, { recursive: true, force: true });
    });

    it('parks a call and takes it', async () => {
      if (overlay === 'production') {
        const file = join(directory, 'settings.json');
        await writeFile(file, JSON.stringify(TENANT));
        await parkade('settings', 'apply', file, '--etcd', etcd(), ...etcdTls());
      }
      expect(await parkade('park', '--slot', '701', '--call-id', 'c1', '--caller-name', 'Ada')).toMatch(
        /^Ada waits in 701/,
      );
      expect(await parkade('retrieve', '--slot', '701', '--call-id', 'c2')).toMatch(/^Ada was retrieved from 701/);
    });

    it('answers every probe of every pod', async () => {
      for (const one of processes)
        for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
          expect([one.pod.name, name, await one.probe(name)]).toEqual([one.pod.name, name, true]);
    });

    it('tells Prometheus of every process, where it is scraped', async () => {
      const own = processes.filter(({ pod }) => pod.command[0] === 'parkade');
      expect(own.length).toBeGreaterThanOrEqual(6);
      for (const { pod } of own) {
        const answer = await fetch(`http://${pod.addressOf({ httpGet: { port: 'metrics' } })}/metrics`);
        expect([pod.name, await answer.text()]).toEqual([pod.name, expect.stringMatching(/^parkade_/m)]);
      }
    });

    it('lets calls come back, and takes calls from dial plans', async () => {
      const at = first('recall').pod.addressOf(API);
      const reads = async (): Promise<number> => (await runRecalls(at)).code;
      await expect.poll(reads, { timeout: READY_WITHIN_MS, interval: 500 }).toBe(0);
      const [host = '', port] = first('media')
        .pod.addressOf({ tcpSocket: { port: 'outbound' } })
        .split(':');
      const socket = connectTcp({ host, port: Number(port) });
      // It greets a switch with the first command of the protocol.
      const [greeting] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(greeting.toString()).toMatch(/^connect\n/);
    });

    // The same processes as in production: asked once.
    if (overlay === 'dev') {
      it('is not alive while the event loop of a process stands still', async () => {
        const one = first('gateway');
        one.signal('SIGSTOP');
        const alive = await one.probe('livenessProbe');
        one.signal('SIGCONT');
        expect(alive).toBe(false);
        await one.until('livenessProbe', READY_WITHIN_MS);
      });
    }

    it('is owned by the pods, under their names', async () => {
      const expected = named('slot-shard').map(({ pod }) => `${pod.name} ${pod.addressOf(API)}`);
      const owners = async (): Promise<readonly string[]> => {
        const shards = await parkade('shards', '--etcd', etcd(), ...etcdTls(), '--json');
        const { owners } = JSON.parse(shards) as { owners: { member: string; address: string }[] };
        return owners.map(({ member, address }) => `${member} ${address}`).sort();
      };
      await expect.poll(owners, { timeout: READY_WITHIN_MS, interval: 500 }).toEqual(expected);
    });

    it('keeps its streams on as many NATS servers as there are', async () => {
      const files = tlsFiles();
      const tls = files === undefined ? {} : { tls: { caFile: files.ca, certFile: files.cert, keyFile: files.key } };
      const nats = await connect({ servers: natsServers(), ...tls });
      try {
        const manager = await nats.jetstreamManager();
        const { records } = DEFAULT_SYSTEM;
        const wanted = [...STREAMS, ...recordStreams(records, true)].map(({ name }) => name);
        const replicas = async (): Promise<Record<string, number>> =>
          Object.fromEntries(
            (await manager.streams.list().next()).map(({ config }) => [config.name, config.num_replicas]),
          );
        const expected = Object.fromEntries(wanted.map((name) => [name, PODS[overlay]['nats']]));
        await expect.poll(replicas, { timeout: READY_WITHIN_MS, interval: 500 }).toEqual(expected);
      } finally {
        await nats.close();
      }
    });

    if (overlay === 'production') {
      it('tells lamps to a NATS server beside Kamailio, which shows a certificate in its place', async () => {
        const files = tlsFiles();
        if (files === undefined) throw new Error('nothing is encrypted');
        const [port = 0] = await freePorts(1);
        const leaves = named('nats').map(({ pod }) => `tls://${pod.addressOf({ tcpSocket: { port: 'leaf' } })}`);
        const leaf = startPod({
          name: 'nats-leaf',
          container: { name: 'nats' },
          command: ['nats-server', '--config', NATS_LEAF],
          environment: {
            LAMPS_LEAF_LISTEN: `127.0.0.1:${port}`,
            LAMPS_LEAF_REMOTES: `[${leaves.join(', ')}]`,
            LAMPS_LEAF_CERT: files.cert,
            LAMPS_LEAF_KEY: files.key,
            LAMPS_LEAF_CA: files.ca,
          },
          addressOf: () => `127.0.0.1:${port}`,
        });
        try {
          const nats = await connect({ servers: `127.0.0.1:${port}`, waitOnFirstConnect: true });
          // A feed says that it is there each second.
          const told = new Promise<string>((resolve) => {
            nats.subscribe(LAMPS_FEED, { callback: (_, message) => resolve(message.string()) });
          });
          expect(await told.finally(() => nats.close())).toMatch(/^\{.*\}$/);
        } finally {
          await leaf.end('SIGKILL');
        }
      });

      it('parks while a member of etcd and a NATS server are gone', async () => {
        await Promise.all([first('etcd').end('SIGKILL'), first('nats').end('SIGKILL')]);
        expect(await parkade('park', '--slot', '703', '--call-id', 'c4')).toMatch(/^c4 waits in 703/);
        expect(await parkade('retrieve', '--slot', '703', '--call-id', 'c5')).toMatch(/^c4 was retrieved from 703/);
      });
    }

    it('is drained at SIGTERM, well before the kill', async () => {
      const owner = named('slot-shard').at(-1);
      if (owner === undefined) throw new Error('no owner runs');
      const begunMs = Date.now();
      expect(await owner.end('SIGTERM')).toBe(0);
      if (overlay === 'production') await parkade('park', '--slot', '702', '--call-id', 'c3');
      expect(await first('gateway').end('SIGTERM')).toBe(0);
      expect(Date.now() - begunMs).toBeLessThan(25_000);
    });
  },
);

describe('while etcd is away', () => {
  it('processes that serve stay alive; an owner is not ready once its lease is gone, a gateway is', async () => {
    const manifests = await renderOverlay('dev');
    const wanted = ['etcd', 'nats', 'slot-shard', 'gateway'].map((name) => ({
      workload: workload(manifests, `parkade-${name}`),
      count: 1,
    }));
    const placement = await placeOnLoopback(manifests, wanted);
    const processes = placement.pods.map(startPod);
    try {
      await Promise.all(processes.map((one) => one.until('readinessProbe', READY_WITHIN_MS)));
      const own = processes.filter(({ pod }) => pod.command[0] === 'parkade');
      expect(own).toHaveLength(2);
      await processes.find(({ pod }) => pod.name.startsWith('parkade-etcd'))?.end('SIGKILL');
      // Longer than a lease: whatever hears of the loss has heard of it.
      const untilMs = Date.now() + 8_000;
      while (Date.now() < untilMs) {
        for (const one of own) expect([one.pod.name, await one.probe('livenessProbe')]).toEqual([one.pod.name, true]);
        await delay(500);
      }
      const ready = await Promise.all(own.map(async (one) => [one.pod.name, await one.probe('readinessProbe')]));
      expect(Object.fromEntries(ready)).toEqual({ 'parkade-slot-shard-0': false, 'parkade-gateway-0': true });
    } finally {
      await Promise.all(processes.map((one) => one.end('SIGKILL')));
      await placement.remove();
    }
  });
});
