import { callUnary } from '@parkade/cli';
import type { Random } from '@parkade/clock';
import { parseSlotKey } from '@parkade/ids';
import {
  GiveBackRetrieveRequest,
  ConfirmRetrieveRequest,
  MediaControl,
  type Park,
  ParkRequest,
  ReleaseCause,
  ReleaseRequest,
  RetrieveRequest,
} from '@parkade/proto';
import type { Cluster } from '../world/cluster.js';
import { MEDIA_NODE, TENANT } from '../world/names.js';
import { PARKERS } from '../world/phones.js';
import type { Asker, Make } from './asker.js';
import { storedRecords } from './lamps.js';

const LOT = 'recalled';
const SLOTS = ['901', '902', '903', '904'] as const;
/** Three attempts, the times between them, and as much again for whoever takes over. */
const OVER_MS = 60_000;
const THOUGHT_MS = 4_000;

/** Callers that are parked in a lot whose parkers are rung soon; some hang up, some are picked up in two halves. */
export class RecalledCalls {
  /** What must not be. */
  readonly odd: string[] = [];
  /** Calls that a client has connected. */
  readonly #taken = new Map<string, number>();
  #calls = 0;
  #over = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
    private readonly asker: Asker,
    /** Its own, so that its calls have names of their own. */
    private readonly number: number,
  ) {}

  async run(): Promise<void> {
    while (!this.#over) {
      await this.#step();
      if (this.#calls % 4 === 0) await this.#reconcile();
      await this.#wait(this.random.next() * THOUGHT_MS);
    }
  }

  stop(): void {
    this.#over = true;
  }

  /** Every call has left in the end: no recall is forgotten, and none was joined twice. */
  async settle(): Promise<void> {
    const { scheduler } = this.cluster.world;
    const endMs = scheduler.nowMs + OVER_MS;
    while ((await this.#waiting()).length > 0 && scheduler.nowMs < endMs) {
      await scheduler.wait(200);
      await this.#reconcile();
    }
    for (const { key } of await this.#waiting()) this.odd.push(`${key} still holds a call that should have come back`);
    const { media } = this.cluster.phones;
    const joined = new Map(this.#taken);
    for (const deed of media.deeds) {
      if (deed.kind === 'connect') joined.set(deed.call, (joined.get(deed.call) ?? 0) + 1);
    }
    for (const [call, times] of joined) if (times > 1) this.odd.push(`${call} was joined with ${times} others`);
  }

  async #step(): Promise<void> {
    const call = `recalled-${this.number}-${++this.#calls}`;
    const slot = this.#pick(SLOTS);
    this.cluster.phones.change();
    const { park } = await this.asker.ask('park', `park (to be recalled) ${call}`, this.#park(call, slot));
    if (park === undefined) return;
    const draw = this.random.next();
    await this.#wait(this.random.next() * 6_000);
    if (draw < 0.2) await this.#hangUp(park, call);
    else if (draw < 0.5) await this.#pickUp(park, call);
  }

  /** What a media process does when a parked caller hangs up. */
  async #hangUp({ parkId }: Park, callId: string): Promise<void> {
    const { media } = this.cluster.phones;
    if (media.whereIs(callId) !== 'held') return;
    media.callerHangsUp(callId);
    await this.#abandon(parkId, callId);
  }

  async #abandon(parkId: string, callId: string): Promise<void> {
    await this.asker.ask('release', `release of ${callId}, who hung up`, (requestId) => {
      const cause = ReleaseCause.ABANDONED;
      const request = ReleaseRequest.fromPartial({ requestId, tenantId: TENANT, parkId, cause, callId });
      return (client, timeoutMs) => callUnary(client.release.bind(client), request, timeoutMs, this.asker.clock);
    });
  }

  /** What a media process does when somebody dials the slot. */
  async #pickUp({ parkId }: Park, callId: string): Promise<void> {
    const retriever = { mediaNode: MEDIA_NODE, callId: `phone-of-${callId}` };
    const begun = await this.asker.ask(undefined, `begin of a retrieve of ${callId}`, (requestId) => {
      const request = RetrieveRequest.fromPartial({
        requestId,
        tenantId: TENANT,
        from: { $case: 'parkId', value: parkId },
        retriever,
        mediaControl: MediaControl.CLUSTER,
      });
      return async (client, timeoutMs) =>
        callUnary(client.beginRetrieve.bind(client), request, timeoutMs, this.asker.clock);
    });
    const retrieveId = begun.park?.retrieveId ?? '';
    if (retrieveId === '') return;
    const joined = this.cluster.phones.media.takeElsewhere(callId);
    if (joined) this.#taken.set(callId, (this.#taken.get(callId) ?? 0) + 1);
    await this.#end(joined, callId, { tenantId: TENANT, parkId, retrieveId });
  }

  /** Says how a retrieve that was begun ended at the switch. */
  async #end(joined: boolean, callId: string, of: Omit<ConfirmRetrieveRequest, 'requestId'>): Promise<void> {
    const { clock } = this.asker;
    await this.asker.ask(undefined, `${joined ? 'confirm' : 'give-back'} of ${callId}`, (requestId) => {
      if (joined) {
        const request = ConfirmRetrieveRequest.fromPartial({ requestId, ...of });
        return (client, timeoutMs) => callUnary(client.confirmRetrieve.bind(client), request, timeoutMs, clock);
      }
      const request = GiveBackRetrieveRequest.fromPartial({ requestId, ...of, cause: 'busy' });
      return (client, timeoutMs) => callUnary(client.giveBackRetrieve.bind(client), request, timeoutMs, clock);
    });
  }

  /** What a media process does now and then: where a record and the switch differ, the switch is right. */
  async #reconcile(): Promise<void> {
    const { media } = this.cluster.phones;
    for (const { record } of await this.#waiting()) {
      for (const { parkId, call, state } of record.parks) {
        const callId = call?.callId ?? '';
        if (state?.$case === 'retrieving') {
          const { retrieveId, giveUpAtMs } = state.value;
          if (giveUpAtMs > this.asker.clock.nowMs()) continue;
          const joined = media.whereIs(callId) === 'connected';
          await this.#end(joined, callId, { tenantId: TENANT, parkId, retrieveId });
        } else if (media.whereIs(callId) === 'ended') await this.#abandon(parkId, callId);
      }
    }
  }

  #park(callId: string, slot: string): Make {
    const target = { kind: { $case: 'slot', value: { lotId: LOT, slot } } } as const;
    const call = { mediaNode: MEDIA_NODE, callId };
    const parker = { userId: '', deviceId: '', extension: this.#pick(PARKERS) };
    const mediaControl = MediaControl.CLUSTER;
    return (requestId) => {
      const request = ParkRequest.fromPartial({ requestId, tenantId: TENANT, target, call, parker, mediaControl });
      return (client, timeoutMs) => callUnary(client.park.bind(client), request, timeoutMs, this.asker.clock);
    };
  }

  /** Slots of the lot that hold somebody. */
  async #waiting(): ReturnType<typeof storedRecords> {
    const records = await storedRecords(this.cluster.world);
    return records.filter(({ key, record }) => parseSlotKey(key)?.lotId === LOT && record.parks.length > 0);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.asker.clock.setTimer(ms, resolve));
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random.next() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
