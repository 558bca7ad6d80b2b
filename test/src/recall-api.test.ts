import { credentials } from '@grpc/grpc-js';
import { EmbeddedBus } from '@parkade/bus';
import { callUnary, openParkClient } from '@parkade/cli';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { createGateway } from '@parkade/gateway';
import { keys } from '@parkade/ids';
import {
  type Deadline,
  MediaControl,
  ParkRequest,
  type ParkServiceClient,
  ParkState,
  Reason,
  RecallServiceClient,
} from '@parkade/proto';
import { DEFAULT_LIMITS, MediaSimulator, startRecall } from '@parkade/recall';
import { callFailure, silentLog, timestampMs, toDuration } from '@parkade/rpc';
import { putTenant } from '@parkade/settings';
import { DEFAULT_LIMITS as SLOT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import { openEmbeddedStore } from '@parkade/store';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CALL_MS, park, parkRequest, requestId } from './support/calls.js';

const SHARDS = 4;
const TENANT = 'acme';
const clock = new SystemClock();
const random = new SystemRandom();
const media = new MediaSimulator(clock);
const ends: (() => unknown)[] = [];
let parks: ParkServiceClient;
let recalls: RecallServiceClient;

beforeAll(async () => {
  const store = await openEmbeddedStore({ clock });
  ends.push(() => store.close());
  await putTenant(store, TENANT, {});
  await store.txn({ compare: [], success: [{ kind: 'put', key: keys.mediaNode('node-1'), value: Buffer.from('{}') }] });
  const common = { host: '127.0.0.1', port: 0, version: '1.0.0', leaseTtlMs: 2_000 };
  const deps = { store, clock, random, log: silentLog, timing: { joinDelayMs: 10, settleMs: 50 } };
  const owner = await startSlotShard({ ...common, memberId: 'owner-1', limits: SLOT_LIMITS }, SHARDS, {
    ...deps,
    bus: new EmbeddedBus({ clock }),
  });
  ends.push(() => owner.close());
  const recall = await startRecall({ ...common, memberId: 'recall-1', limits: DEFAULT_LIMITS }, SHARDS, {
    ...deps,
    media,
  });
  ends.push(() => recall.close());
  const gateway = await createGateway({ autoTenants: true }, deps);
  ends.push(() => gateway.close());
  parks = openParkClient(gateway.address);
  recalls = new RecallServiceClient(recall.address, credentials.createInsecure());
  ends.push(() => {
    parks.close();
    recalls.close();
  });
  await vi.waitUntil(() => recall.ownedPartitions() + owner.ownedShards() === 2 * SHARDS, { timeout: 10_000 });
});
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function parkCall(slot: string): Promise<string> {
  media.register(TENANT, `ext-${slot}`, [`phone-${slot}`]);
  const request = ParkRequest.fromPartial({
    ...parkRequest(TENANT, slot, `call-${slot}`),
    parker: { extension: `ext-${slot}` },
    mediaControl: MediaControl.CLUSTER,
    overrides: { ringbackTimeout: toDuration(600_000) },
  });
  return (await park(parks, request)).parkId;
}

const inMs = (deadline: Deadline | undefined): number =>
  deadline?.recallAt === undefined ? Infinity : timestampMs(deadline.recallAt) - clock.nowMs();

const ringing = (slot: string) => media.legs.filter(({ contact }) => contact === `phone-${slot}`).length;

async function refusal(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => expect.fail('it was not refused'),
    (each: unknown) => each,
  );
  return Reason[callFailure(error).reason ?? Reason.UNSPECIFIED];
}

const recallNow = (request: { requestId: string; tenantId: string; parkId: string }) =>
  callUnary(recalls.recallNow.bind(recalls), request, CALL_MS, clock);

describe('RecallService', () => {
  it('lists deadlines page by page, moves one, and 0 takes it away', async () => {
    const ids = [await parkCall('701'), await parkCall('702'), await parkCall('703')];
    const list = (pageToken: string) =>
      callUnary(
        recalls.listDeadlines.bind(recalls),
        { tenantId: TENANT, lotId: '', pageSize: 2, pageToken },
        CALL_MS,
        clock,
      );
    const first = await list('');
    const second = await list(first.nextPageToken);
    expect([...first.deadlines, ...second.deadlines].map(({ parkId }) => parkId)).toEqual(ids);
    expect([second.nextPageToken, first.missingShards]).toEqual(['', 0]);

    const named = { tenantId: TENANT, parkId: ids[0] ?? '' };
    const move = (ms: number) =>
      callUnary(
        recalls.moveDeadline.bind(recalls),
        { ...named, requestId: requestId(), recallIn: toDuration(ms) },
        CALL_MS,
        clock,
      );
    expect(inMs((await move(60_000)).deadline)).toBeLessThanOrEqual(60_000);
    expect(inMs((await move(0)).deadline)).toBe(Infinity);
    expect((await list('')).deadlines.map(({ slot }) => slot)).not.toContain('701');
  });

  it('lets a call come back now, once a request id, and cancels what rings', async () => {
    const parkId = await parkCall('711');
    const request = { requestId: requestId(), tenantId: TENANT, parkId };
    const { deadline } = await recallNow(request);
    expect(inMs(deadline)).toBeLessThanOrEqual(1);
    await expect.poll(() => ringing('711'), { timeout: 5_000 }).toBe(1);
    expect((await recallNow(request)).deadline).toEqual(deadline);
    const other = callUnary(
      recalls.moveDeadline.bind(recalls),
      { ...request, recallIn: toDuration(0) },
      CALL_MS,
      clock,
    );
    expect(await refusal(other)).toBe('REQUEST_ID_REUSED');
    expect(await refusal(recallNow({ ...request, requestId: requestId() }))).toBe('WRONG_STATE');

    const cancel = (attempt: number) =>
      callUnary(
        recalls.cancelRecall.bind(recalls),
        { requestId: requestId(), tenantId: TENANT, parkId, attempt, recallIn: undefined },
        CALL_MS,
        clock,
      );
    expect(await refusal(cancel(2))).toBe('WRONG_ATTEMPT');
    const cancelled = (await cancel(1)).deadline;
    expect(cancelled).toMatchObject({ state: ParkState.PARKED, attempt: 1 });
    expect(inMs(cancelled)).toBeGreaterThan(590_000);
    await expect.poll(() => ringing('711'), { timeout: 5_000 }).toBe(0);
    expect(media.whereIs('call-711')).toBe('held');
  });

  it('gives the answer of a recall the call, for good', async () => {
    const parkId = await parkCall('721');
    await recallNow({ requestId: requestId(), tenantId: TENANT, parkId });
    await expect.poll(() => ringing('721'), { timeout: 5_000 }).toBe(1);
    media.act('phone-721', 'answered');
    await expect.poll(() => media.whereIs('call-721'), { timeout: 5_000 }).toBe('connected');
    const again = () => recallNow({ requestId: requestId(), tenantId: TENANT, parkId });
    await expect.poll(() => refusal(again()), { timeout: 5_000 }).toBe('PARK_ENDED');
  });
});
