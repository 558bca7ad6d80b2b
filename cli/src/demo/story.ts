import type { Clock } from '@parkade/clock';
import { homeShard, keys } from '@parkade/ids';
import {
  CallRef,
  OnOccupied,
  Owner,
  type Park,
  ParkRequest,
  type ParkServiceClient,
  Reason,
  RetrieveRequest,
  Selection,
  type Target,
} from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import type { Store } from '@parkade/store';
import { callUnary } from '../client/park-client.js';
import { callerOf } from '../client/plain-park.js';
import { untilWords } from '../client/sentences.js';
import type { LocalService } from '../service/local-service.js';
import type { Narrator } from './narrator.js';
import type { Watcher } from './watcher.js';

export interface StoryDeps {
  readonly narrator: Narrator;
  readonly client: ParkServiceClient;
  readonly watcher: Watcher;
  readonly service: LocalService;
  readonly store: Store;
  readonly shardCount: number;
  readonly tenantId: string;
  readonly clock: Clock;
}

const CALL_MS = 5_000;
const LAMP_MS = 3_000;
/** A lease of 2 s must end, and somebody else take over. */
const TAKE_OVER_MS = 8_000;

const ADA = caller('Ada Lovelace', '5550100');
const BEN = caller('Ben Franklin', '5550101');
const CLEO = caller('Cleopatra', '5550102');
const SLOT = '701';

/** The demo's story. Rejects with `CommandFailure` at the first thing that does not happen as it should. */
export async function tellStory(deps: StoryDeps): Promise<void> {
  const { narrator, watcher } = deps;
  if (!(await watcher.ready(LAMP_MS))) throw narrator.wrong('the watcher heard no snapshot');

  narrator.scene(`Alice parks ${callerOf(ADA)} in slot ${SLOT}`);
  const ada = await park(deps, { kind: { $case: 'slot', value: { lotId: '', slot: SLOT } } }, ADA);
  narrator.done(
    `parked, durable; comes back to Alice ${untilWords(ada.recallAt, deps.clock.nowMs())}`,
    'a call parked by number',
  );
  await seeLamp(deps, SLOT, true);

  narrator.scene(`Alice parks ${callerOf(BEN)} in the next free slot`);
  const ben = await park(
    deps,
    { kind: { $case: 'lot', value: { lotId: '', selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } } },
    BEN,
  );
  narrator.done(`parked in ${ben.slot}`, 'a call parked in the next free slot');
  await seeLamp(deps, ben.slot, true);

  narrator.scene(`Bob parks ${callerOf(CLEO)} in slot ${SLOT}, which is taken`);
  const onTaken = park(deps, { kind: { $case: 'slot', value: { lotId: '', slot: SLOT } } }, CLEO);
  await refusal(narrator, onTaken, [Reason.SLOT_OCCUPIED], 'a second park on a taken slot refused, with its reason');

  narrator.scene(`Carol dials ${SLOT} and takes the call`);
  const taken = await retrieve(deps, { $case: 'slot', value: { lotId: '', slot: SLOT } }, 'carol');
  expectCaller(narrator, taken, ADA);
  narrator.done(`Carol talks to ${callerOf(taken.call)}`, 'the call retrieved');
  await seeLamp(deps, SLOT, false);

  narrator.scene(`Dave dials ${SLOT} a moment too late`);
  const late = retrieve(deps, { $case: 'slot', value: { lotId: '', slot: SLOT } }, 'dave');
  await refusal(narrator, late, [Reason.SLOT_EMPTY], 'a second retrieve refused: nobody is connected to a stranger');
  const ended = retrieve(deps, { $case: 'parkId', value: ada.parkId }, 'dave');
  await refusal(narrator, ended, [Reason.PARK_ENDED], 'the same by park id: already retrieved');

  await loseOwner(deps, ben);
}

/** The owner of a parked call is stopped without a drain; the call is there all the same. */
async function loseOwner(deps: StoryDeps, parked: Park): Promise<void> {
  const { narrator, service, store, clock } = deps;
  const shard = homeShard(deps.tenantId, parked.lotId, deps.shardCount);
  const key = await store.get(keys.owner('slot-shard', shard));
  if (key === undefined) throw narrator.wrong(`shard ${shard} has no owner`);
  const { address } = Owner.decode(key.value);
  narrator.scene(`The owner of slot ${parked.slot} (${address}) is stopped and hands nothing over`);
  const fromMs = clock.monotonicMs();
  await service.killOwner(address);
  narrator.plain(`${service.owners.length} owner(s) left`);
  const taken = await retrieve(deps, { $case: 'slot', value: { lotId: '', slot: parked.slot } }, 'carol', TAKE_OVER_MS);
  expectCaller(narrator, taken, BEN);
  if (taken.parkId !== parked.parkId) throw narrator.wrong('the park came back as another one');
  const tookMs = Math.round(clock.monotonicMs() - fromMs);
  narrator.done(
    `Carol talks to ${callerOf(taken.call)}, ${tookMs} ms later, from the owner that took over`,
    'an owner stopped without a hand-over, and its parked call retrieved all the same',
  );
  await seeLamp(deps, parked.slot, false);
}

async function park({ client, tenantId, clock }: StoryDeps, target: Target, call: CallRef): Promise<Park> {
  const parker = { userId: 'alice', deviceId: '', extension: '201' };
  const request = ParkRequest.fromPartial({ tenantId, target, call, parker, onOccupied: OnOccupied.REJECT });
  const { park } = await callUnary(client.park.bind(client), request, CALL_MS, clock);
  if (park === undefined) throw new Error('the answer names no park');
  return park;
}

async function retrieve(
  { client, tenantId, clock }: StoryDeps,
  from: NonNullable<RetrieveRequest['from']>,
  who: string,
  timeoutMs = CALL_MS,
): Promise<Park> {
  const retriever = { mediaNode: 'demo', callId: `${who}-call`, callerName: who };
  const request = RetrieveRequest.fromPartial({ tenantId, from, retriever });
  const { park } = await callUnary(client.retrieve.bind(client), request, timeoutMs, clock);
  if (park === undefined) throw new Error('the answer names no park');
  return park;
}

async function refusal(
  narrator: Narrator,
  call: Promise<Park>,
  reasons: readonly Reason[],
  fact: string,
): Promise<void> {
  const outcome = await call.then(
    (park) => park,
    (error: unknown) => callFailure(error),
  );
  if ('parkId' in outcome) throw narrator.wrong(`it was not refused but got ${callerOf(outcome.call)}`);
  const { reason, message } = outcome;
  if (reason === undefined || !reasons.includes(reason)) {
    throw narrator.wrong(`refused for another reason: ${reason === undefined ? message : Reason[reason]} (${message})`);
  }
  narrator.done(`refused: ${Reason[reason]}: ${message}`, fact);
}

async function seeLamp({ narrator, watcher }: StoryDeps, slot: string, lit: boolean): Promise<void> {
  const seen = await watcher.lamp(slot, lit, LAMP_MS);
  if (seen === undefined) throw narrator.wrong(`the watcher did not see lamp ${slot} go ${lit ? 'on' : 'off'}`);
  narrator.lamp(seen);
}

function expectCaller(narrator: Narrator, park: Park, expected: CallRef): void {
  if (park.call?.callId !== expected.callId) throw narrator.wrong(`Carol got ${callerOf(park.call)}`);
}

function caller(callerName: string, callerNumber: string): CallRef {
  return CallRef.fromPartial({ mediaNode: 'demo', callId: `call-${callerNumber}`, callerName, callerNumber });
}
