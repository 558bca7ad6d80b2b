import { fileURLToPath } from 'node:url';
import { connect, type Parkade } from '@parkade/client';
import { parksContract } from '@parkade/client/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { startProgram } from './support/process.js';
import { withCluster } from './support/with-cluster.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/concierge/dist/main.js', import.meta.url));
const cluster = withCluster({ owners: 2, gateways: 2, shards: 8 });
let parkade: Parkade | undefined;
afterEach(() => {
  parkade?.close();
  parkade = undefined;
});
let tenants = 0;

describe('parks of a real cluster', () => {
  parksContract(() => {
    parkade?.close();
    parkade = connect({ gateways: cluster().addresses });
    return parkade.tenant(`tenant-${++tenants}`);
  });
});

describe('the example', () => {
  it('runs against a cluster', async () => {
    const example = startProgram('concierge', EXAMPLE, [cluster().addresses.join(','), 'hotel']);
    expect([await example.ended(), example.stderr()]).toEqual([0, '']);
    const said = example.stdout();
    expect(said).toMatch(/^Ada waits for Mr Babbage in slot \d+$/m);
    expect(said).toMatch(/^Mr Babbage talks to Ada$/m);
    expect(said).toMatch(/^nobody waits in slot \d+$/m);
  });
});

describe('while gateways end', () => {
  it('requests and a watch go on at the other one, and nothing is missed', async () => {
    const running = cluster();
    parkade = connect({ gateways: running.addresses, timeoutMs: 30_000 });
    const tenant = parkade.tenant('survivor');
    const stop = new AbortController();
    const occupied = new Map<string, string>();
    const watching = (async () => {
      for await (const change of tenant.watch({ signal: stop.signal })) {
        if (change.kind === 'reset') occupied.clear();
        if (change.kind !== 'slot') continue;
        const [parked] = change.slot.parks;
        if (parked === undefined) occupied.delete(change.slot.slot);
        else occupied.set(change.slot.slot, parked.call.callId);
      }
    })();
    for (let i = 0; i < 30; i++) {
      if (i === 10) await running.kill('gateway-1', 'SIGKILL');
      await tenant.park({ call: { mediaNode: 'n', callId: `c${i}` }, at: { kind: 'slot', slot: `s${i}` } });
    }
    const wanted = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`s${i}`, `c${i}`]));
    await expect.poll(() => Object.fromEntries(occupied), { timeout: 30_000 }).toEqual(wanted);
    stop.abort();
    await watching;
  });
});
