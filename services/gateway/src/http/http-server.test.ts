import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { SystemRandom } from '@parkade/clock';
import { TestCa } from '@parkade/identity/testing';
import { Slot } from '@parkade/proto';
import { type CertificatePem, NO_SECURITY, silentLog } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway } from '../gateway.js';
import { TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

const headers = { 'parkade-tenant': 'acme', 'content-type': 'application/json' };
const url = (path: string) => `${bed.current.httpUrl ?? ''}/api${path}`;
const post = async (path: string, body?: object) => {
  const response = await fetch(url(path), {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    json: response.status === 201 ? ((await response.json()) as { id: string }) : null,
  };
};

describe('the HTTP server of a gateway', () => {
  it('answers what is under way when the gateway drains, and nothing after', async () => {
    bed = await TestBed.start({ httpPort: 0 });
    await post('/users', { name: 'ada', extension_number: '101' });
    const id = (await post('/call_park_groups', { name: 'Desk' })).json?.id ?? '';
    expect((await post(`/call_park_groups/${id}/members/101`)).status).toBe(200);
    let asked = (): void => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const slot = Slot.fromPartial({ tenantId: 'acme', lotId: '_extensions', slot: '101' });
    bed.owner.script = async () => {
      asked();
      await answered;
      return { $case: 'slot', value: slot };
    };
    // Deleting asks the owner what the member has.
    const deleting = post(`/call_park_groups/${id}/destroy`);
    await reached;
    const drained = bed.current.drain(10_000);
    answer();
    expect((await deleting).status).toBe(204);
    await drained;
    await expect(fetch(url('/call_park'), { headers })).rejects.toThrow();
  });

  it('is not served where nobody asked for it, nor beyond loopback where nobody is asked who calls', async () => {
    bed = await TestBed.start();
    expect(bed.current.httpUrl).toBeUndefined();
    const deps = { store: bed.store, clock: bed.clock, random: new SystemRandom(), log: silentLog };
    await expect(createGateway({ host: '0.0.0.0', httpPort: 0 }, deps)).rejects.toThrow('on loopback alone');
  });
});

describe('the HTTP server of a gateway with a certificate', () => {
  it('speaks HTTPS, and shows a replaced certificate to new connections', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'parkade-https-'));
    const ca = await TestCa.make(directory);
    const pem = async (name: string): Promise<CertificatePem> => {
      const { cert, key } = await ca.issue(name, 'DNS:parkade');
      return { cert: await readFile(cert), key: await readFile(key) };
    };
    let replace: ((next: CertificatePem) => void) | undefined;
    const certificate = {
      current: await pem('first'),
      onChange: (listener: (next: CertificatePem) => void) => {
        replace = listener;
        return () => undefined;
      },
    };
    bed = await TestBed.start();
    await bed.gateway({ httpPort: 0 }, { ...NO_SECURITY, certificate });
    const root = await readFile(ca.ca);
    /** The status, and the name in the certificate that was shown. */
    const ask = (): Promise<readonly [number | undefined, unknown]> =>
      new Promise((resolve, reject) => {
        const options = { headers, ca: root, servername: 'parkade', agent: false } as const;
        const asked = request(url('/call_park'), options, (answer) => {
          const { socket } = answer;
          const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : 'none';
          answer.resume().once('end', () => resolve([answer.statusCode, shown]));
        });
        asked.once('error', reject).end();
      });
    try {
      expect(bed.current.httpUrl).toMatch(/^https:/);
      expect(await ask()).toEqual([200, 'first']);
      replace?.(await pem('second'));
      expect(await ask()).toEqual([200, 'second']);
      await expect(fetch(url('/call_park').replace('https:', 'http:'), { headers })).rejects.toThrow();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
