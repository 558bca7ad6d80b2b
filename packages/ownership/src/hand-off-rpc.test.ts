import { createServer, type Socket } from 'node:net';
import { SystemClock } from '@parkade/clock';
import { GrpcServer } from '@parkade/rpc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcHandOffClient } from './grpc-hand-off-client.js';
import type { HandOffRequest, HandOffResult } from './hand-off.js';
import { ownershipService } from './ownership-service.js';
import { tcpHold } from './tcp-hold.js';
import { tcpProbe } from './tcp-probe.js';

const clock = new SystemClock();
const request: HandOffRequest = {
  role: 'media',
  partition: 'fs-1',
  memberId: 'b',
  address: 'b:1',
  incarnation: 'run',
  leaseId: '7587848',
};

describe('hand-off over gRPC', () => {
  let server: GrpcServer;
  let client: GrpcHandOffClient;
  let address: string;
  let asked: HandOffRequest[];
  let answer: () => Promise<HandOffResult>;

  beforeEach(async () => {
    asked = [];
    const handOff = (received: HandOffRequest): Promise<HandOffResult> => {
      asked.push(received);
      return answer();
    };
    const services = [
      ownershipService(
        (role) => (role === 'recall' ? undefined : handOff),
        () => undefined,
      ),
    ];
    server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services }, clock);
    address = `127.0.0.1:${server.port}`;
    client = new GrpcHandOffClient(clock);
  });
  afterEach(async () => {
    client.close();
    await server.stop(100);
  });

  it('carries numbered and named partitions, and the epoch back', async () => {
    answer = () => Promise.resolve({ ok: true, epoch: 4_711 });
    expect(await client.handOff(address, request, 2_000)).toEqual({ ok: true, epoch: 4_711 });
    await client.handOff(address, { ...request, role: 'slot-shard', partition: 0 }, 2_000);
    expect(asked).toEqual([request, { ...request, role: 'slot-shard', partition: 0 }]);
  });

  it.each(['not-owner', 'not-wanted', 'busy', 'drain-failed', 'write-failed'] as const)(
    'carries the refusal %s',
    async (reason) => {
      answer = () => Promise.resolve({ ok: false, reason });
      expect(await client.handOff(address, request, 2_000)).toEqual({ ok: false, reason });
    },
  );

  it('refuses for a role nobody has here', async () => {
    expect(await client.handOff(address, { ...request, role: 'recall' }, 2_000)).toEqual({
      ok: false,
      reason: 'not-owner',
    });
  });

  it('rejects when no answer comes in time, or nobody listens', async () => {
    answer = () => new Promise(() => undefined);
    await expect(client.handOff(address, request, 50)).rejects.toThrow();
    await server.stop(0);
    await expect(client.handOff(address, request, 500)).rejects.toThrow();
  });
});

describe('the TCP probe', () => {
  it('tells a listener from a refusal, and from an address that proves nothing', async () => {
    const probe = tcpProbe(500);
    const listener = createServer();
    const port = await new Promise<number>((resolve) => {
      listener.listen(0, '127.0.0.1', () => {
        const bound = listener.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
      });
    });
    expect(await probe(`127.0.0.1:${port}`)).toBe('alive');
    await new Promise((resolve) => listener.close(resolve));
    expect(await probe(`127.0.0.1:${port}`)).toBe('refused');
    expect(await probe('nonsense')).toBe('unknown');
    expect(await probe('127.0.0.1:99999')).toBe('unknown');
  });
});

describe('a held connection', () => {
  it('stands until the other side ends, which is told once; one that is closed tells nothing', async () => {
    const taken = new Set<Socket>();
    const listener = createServer((socket) => taken.add(socket));
    const port = await new Promise<number>((resolve) => {
      listener.listen(0, '127.0.0.1', () => {
        const bound = listener.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
      });
    });
    let ends = 0;
    const held = tcpHold(`127.0.0.1:${port}`, () => ends++);
    const closed = tcpHold(`127.0.0.1:${port}`, () => ends++);
    await expect.poll(() => [held.stands, closed.stands, taken.size]).toEqual([true, true, 2]);
    closed.close();
    for (const socket of taken) socket.destroy();
    await expect.poll(() => [held.stands, ends]).toEqual([false, 1]);
    await new Promise((resolve) => listener.close(resolve));
    tcpHold(`127.0.0.1:${port}`, () => ends++);
    tcpHold('nonsense', () => ends++);
    await expect.poll(() => ends).toBe(3);
  });
});
