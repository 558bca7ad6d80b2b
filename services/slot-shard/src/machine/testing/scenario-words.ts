import {
  type ParkRecord,
  PresenceType,
  Reason,
  type SlotRecord,
  type Transition,
  TransitionKind,
} from '@parkade/proto';
import { presenceOf } from '@parkade/slots';
import type { RefusalData } from '../types.js';

/** A time span as people say it: `45s`, `2m`, `1.5s`, `1ms`. */
export function span(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}

/** What happened to a slot, in one line. */
export function transitionLine(slot: string, last: Transition): string {
  const kind = TransitionKind[last.kind].toLowerCase().replaceAll('_', ' ');
  const details = [
    last.call && `call ${last.call.callId}`,
    last.retriever && `by ${last.retriever.callId}`,
    last.parker && `parker ${last.parker.extension}`,
    last.reason !== '' && `because ${last.reason}`,
    last.attempt !== 0 && `attempt ${last.attempt}`,
    last.otherParkId !== '' && `other end ${[last.other?.slot, last.otherParkId].filter(Boolean).join(' ')}`,
    last.requestId === '' && 'by time alone',
  ];
  return `${slot}: ${last.parkId} ${kind} (${details.filter(Boolean).join(', ')})`;
}

/** A slot as it stands: who is in it, and its lamp. */
export function slotLine(slot: string, record: SlotRecord | undefined, nowMs: number): string {
  const parks = (record?.parks ?? []).map((park) => parkWords(park, nowMs));
  const lamp = record === undefined ? undefined : presenceOf(record);
  const dark = lamp === undefined || lamp.type === PresenceType.TERMINATED;
  const lit = dark ? 'dark' : `${PresenceType[lamp.type].toLowerCase()} ${lamp.presenceId}`;
  return `${slot}: ${parks.length === 0 ? 'free' : parks.join('; ')}; lamp ${lit}`;
}

/** Why nothing happened. Times are told from now. */
export function refusalLine({ reason, metadata }: RefusalData, nowMs: number): string {
  const data = Object.entries(metadata).map(([key, value]) =>
    key.endsWith('_ms') ? `${key.slice(0, -3)} ${moment(Number(value), nowMs)}` : `${key} ${value}`,
  );
  return `refused ${Reason[reason]}${data.length === 0 ? '' : ` (${data.join(', ')})`}`;
}

function parkWords(park: ParkRecord, nowMs: number): string {
  const call = park.call?.callId ?? 'nobody';
  const words = (text: string): string => `${park.parkId} ${call} ${text}`;
  switch (park.state?.$case) {
    case 'reserved': {
      const { untilMs } = park.state.value;
      return words(
        untilMs === 0 ? 'holds it for a transfer' : `has left it to the caller, kept for ${span(untilMs - nowMs)}`,
      );
    }
    case 'parked': {
      const { recallAtMs } = park.state.value;
      return words(recallAtMs === 0 ? 'parked for ever' : `parked, back ${moment(recallAtMs, nowMs)}`);
    }
    case 'ringback':
      return words(`parked, rings back for ${span(park.state.value.untilMs - nowMs)}`);
    case 'retrieving': {
      const { by, retrieveId, giveUpAtMs, pickup } = park.state.value;
      const whose = by?.callId ?? 'nobody';
      const phone = pickup === undefined ? '' : pickup.claimed ? ', whose phone came' : ', whose phone may come';
      return words(`goes to ${whose} by ${retrieveId}${phone}, given up ${moment(giveUpAtMs, nowMs)}`);
    }
    case 'incoming':
      return words(`yet, held for ${park.state.value.fromParkId} for ${span(park.state.value.untilMs - nowMs)}`);
    case undefined:
      return words('in no state');
  }
}

function moment(ms: number, nowMs: number): string {
  if (ms === nowMs) return 'now';
  return ms < nowMs ? `${span(nowMs - ms)} ago` : `in ${span(ms - nowMs)}`;
}
