import { ConnectOutcome, FetchOutcome, type Leg, LegNews, LegState, Reason, TransferOutcome } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { Fetched } from '../calls/fetching.js';
import type { ConnectResult, Happening, LegFact, LegRef, TransferResult } from '../legs/types.js';

const NEWS: Readonly<Record<Happening, LegNews>> = {
  answered: LegNews.ANSWERED,
  busy: LegNews.BUSY,
  'no-answer': LegNews.NO_ANSWER,
  unregistered: LegNews.UNREGISTERED,
  failed: LegNews.FAILED,
  'hung-up': LegNews.HUNG_UP,
};

const FACTS: Readonly<Record<LegFact, LegState>> = {
  ringing: LegState.RINGING,
  answered: LegState.ANSWERED,
  connected: LegState.CONNECTED,
  missing: LegState.MISSING,
  foreign: LegState.FOREIGN,
  unknown: LegState.UNSPECIFIED,
};

const CONNECTS: Readonly<Record<ConnectResult, ConnectOutcome>> = {
  connected: ConnectOutcome.CONNECTED,
  'caller-gone': ConnectOutcome.CALLER_GONE,
  failed: ConnectOutcome.FAILED,
};

const FETCHES: Readonly<Record<Fetched, FetchOutcome>> = {
  connected: FetchOutcome.CONNECTED,
  busy: FetchOutcome.BUSY,
  'no-answer': FetchOutcome.NO_ANSWER,
  unregistered: FetchOutcome.UNREGISTERED,
  gone: FetchOutcome.GONE,
  'in-use': FetchOutcome.IN_USE,
  failed: FetchOutcome.FAILED,
  unknown: FetchOutcome.UNKNOWN,
};

const TRANSFERS: Readonly<Record<TransferResult, TransferOutcome>> = {
  done: TransferOutcome.DONE,
  'not-held': TransferOutcome.NOT_HELD,
  gone: TransferOutcome.GONE,
  failed: TransferOutcome.FAILED,
};

export const toNews = (news: Happening): LegNews => NEWS[news];
export const toState = (fact: LegFact): LegState => FACTS[fact];
export const toConnect = (result: ConnectResult): ConnectOutcome => CONNECTS[result];
export const toFetched = (fetched: Fetched): FetchOutcome => FETCHES[fetched];
export const toTransfer = (result: TransferResult): TransferOutcome => TRANSFERS[result];

export const fromNews = (news: LegNews): Happening | undefined => keyOf(NEWS, news);
export const fromState = (state: LegState): LegFact => keyOf(FACTS, state) ?? 'unknown';
export const fromConnect = (outcome: ConnectOutcome): ConnectResult | undefined => keyOf(CONNECTS, outcome);
export const fromFetched = (outcome: FetchOutcome): Fetched | undefined => keyOf(FETCHES, outcome);
export const fromTransfer = (outcome: TransferOutcome): TransferResult | undefined => keyOf(TRANSFERS, outcome);

/** The leg of a request; one that is left out names nothing. */
export function legRef(leg: Leg | undefined): LegRef {
  return { legId: leg?.legId ?? '', mediaNode: leg?.mediaNode ?? '', parkId: leg?.parkId ?? '' };
}

/** This process does not own the node, or cannot reach it. */
export function notHere(node: string): Refused {
  return new Refused(Reason.NO_OWNER, `This process does not control the media node ${node} now.`, {
    media_node: node,
  });
}

function keyOf<Key extends string, Value>(table: Readonly<Record<Key, Value>>, value: Value): Key | undefined {
  return (Object.entries(table) as [Key, Value][]).find(([, entry]) => entry === value)?.[0];
}
