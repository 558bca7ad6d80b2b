import { SystemRandom } from '@parkade/clock';
import { Slot } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway } from '../gateway.js';
import { TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

const headers = { 'parkade-tenant': 'acme', 'content-type': 'application/json' };
const url = (path: string) => `http://${bed.current.httpAddress ?? ''}/api${path}`;
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
    expect(bed.current.httpAddress).toBeUndefined();
    const deps = { store: bed.store, clock: bed.clock, random: new SystemRandom(), log: silentLog };
    await expect(createGateway({ host: '0.0.0.0', httpPort: 0 }, deps)).rejects.toThrow('on loopback alone');
  });
});
