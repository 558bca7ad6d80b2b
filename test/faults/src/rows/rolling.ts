import { setTimeout as delay } from 'node:timers/promises';
import type { Request } from '@parkade/checker';
import { connect, type Parkade } from '@parkade/client';
import { requestId } from '@parkade/test';
import type { Row } from '../row.js';
import { allShards, ParksRun } from '../run/parks-run.js';
import { tenantsOfShards } from '../run/probe.js';

const PAUSE_MS = 20;

/** Parks and retrieves on every shard as a service does, by the published client; notes each call. */
class Service {
  readonly tookMs: number[] = [];
  readonly failed: string[] = [];
  readonly requests: Request[] = [];
  over = false;

  constructor(private readonly parkade: Parkade) {}

  async work(tenantId: string): Promise<void> {
    const parks = this.parkade.tenant(tenantId);
    for (let n = 0; !this.over; n++) {
      const call = { mediaNode: 'node-1', callId: `call-${n}` };
      const at = { kind: 'slot', slot: 'rolling' } as const;
      const parked = await this.#ask('park', (id) => parks.park({ call, at }, { requestId: id }));
      if (parked !== undefined) {
        const from = { kind: 'park', parkId: parked.parkId } as const;
        const by = { mediaNode: 'node-1', callId: `phone-${n}` };
        await this.#ask('retrieve', (id) => parks.retrieve({ from, by }, { requestId: id }));
      }
      await delay(PAUSE_MS);
    }
  }

  async #ask<T extends { readonly parkId: string }>(
    kind: 'park' | 'retrieve',
    ask: (requestId: string) => Promise<T>,
  ): Promise<T | undefined> {
    const id = requestId();
    const askedAt = performance.now();
    let answer: T | undefined;
    try {
      answer = await ask(id);
    } catch (error) {
      this.failed.push(`${kind}: ${String(error)}`);
    }
    this.tookMs.push(performance.now() - askedAt);
    this.requests.push({ requestId: id, kind, parkId: answer?.parkId, others: [], refused: false });
    return answer;
  }
}

export const rolling: Row = {
  id: 'rolling',
  what: 'a rolling restart of every owner and gateway under load; the client has two gateways and the documented retries',
  run: (context) =>
    ParksRun.under(context, { clients: 0, cluster: { recalls: 0 } }, async (run) => {
      const { cluster } = run;
      const parkade = connect({ gateways: cluster.addresses });
      const service = new Service(parkade);
      const working = Promise.all(tenantsOfShards(allShards().length).map((tenant) => service.work(tenant)));
      try {
        await delay(run.brief ? 500 : 4_000);
        // The first calls of everybody are slower, and no part of the restart.
        service.tookMs.length = 0;
        const owners = cluster.running('owner');
        for (const old of run.brief ? owners.slice(0, 1) : owners) {
          // As a Deployment does with surge 1 and unavailable 0: the new one first.
          const name = `${old}-new`;
          run.say(`${old} is replaced`);
          await cluster.startOwner(name);
          await run.balanced();
          await cluster.kill(old, 'SIGTERM');
        }
        for (const gateway of cluster.running('gateway')) {
          run.say(`${gateway} is restarted`);
          await cluster.kill(gateway, 'SIGTERM');
          await cluster.startGateway(gateway);
          await delay(500);
        }
      } finally {
        service.over = true;
        await working;
        parkade.close();
      }
      run.judge(service.requests);
      for (const text of service.failed.slice(0, 5)) run.say(`failed: ${text}`);
      run.measure({ rollingFailed: [service.failed.length], rollingMs: service.tookMs });
    }),
};
