import type { Pauses } from '../measure/pauses.js';
import type { Rung } from './run-phones.js';
import type { SwitchLoad, SwitchLoadResult } from './run-switch.js';
import type { Trust } from './trust.js';

/** What the processes of a bench are: each runs one of these. */
export type Role =
  | 'owner'
  | 'gateway'
  | 'recall'
  | 'media'
  | 'switch'
  | 'phones'
  | 'echo'
  | 'bare-gateway'
  | 'naive-gateway'
  | 'naive-owner'
  | 'redis-gateway'
  | 'limit-gateway'
  | 'limit-owner'
  | 'limit-log-owner'
  | 'load'
  | 'fan-out'
  | 'watchers';

/** How a process is set up; what its role does not need is left out. */
export interface RoleSetup extends Trust {
  readonly role: Role;
  /** `host:port` of the etcd. */
  readonly etcd?: string;
  /** `nats://…` */
  readonly nats?: string;
  /** Whom it sends to: an address, of Redis its socket. */
  readonly to?: string;
  /** How many shards a new cluster has; 256 where it is not said. */
  readonly shards?: number;
  /** The SIP domain of each tenant. */
  readonly domains?: Readonly<Record<string, string>>;
}

/** What a process holds, bytes. */
export interface Memory {
  /** Of the machine's memory. */
  readonly resident: number;
  /** Of it: objects, and buffers beside them. */
  readonly heap: number;
  readonly buffers: number;
}

/** Streams that wait for what a server tells. */
export interface Watchers {
  readonly address: string;
  /** `bare`: of the server `fan-out`; `slots`: WatchSlots of a gateway. */
  readonly kind: 'bare' | 'slots';
  readonly count: number;
}

/** What can be asked of a process, by name: argument and answer. */
export interface Asks {
  /** CPU time used since it started, microseconds. */
  cpu: { readonly argument: undefined; readonly answer: number };
  /** What it holds after a full collection, bytes. */
  memory: { readonly argument: undefined; readonly answer: Memory };
  /** What it holds without a collection; `heap` and `buffers` as they are. */
  resident: { readonly argument: undefined; readonly answer: Memory };
  /** Opens streams to a server that fans out; `watchers` only. */
  watch: { readonly argument: Watchers; readonly answer: true };
  /** Resolves when every stream has had a change that was made after this was asked; the wall clock then, ms. `watchers` only. */
  told: { readonly argument: undefined; readonly answer: number };
  /** What held its event loop since it was last asked. */
  pauses: { readonly argument: undefined; readonly answer: Pauses };
  /** How many shards, or recall partitions, it serves. */
  shards: { readonly argument: undefined; readonly answer: number };
  /** How many events it has published that the bus has stored; owners only, also those of `limits`. */
  events: { readonly argument: undefined; readonly answer: number };
  /** Every ring that was asked for; phones only. */
  rungs: { readonly argument: undefined; readonly answer: readonly Rung[] };
  /** Where the switch's dial plan sends calls to codes: a port of this machine. */
  route: { readonly argument: number; readonly answer: true };
  /** What waits here now, by name. */
  queues: { readonly argument: undefined; readonly answer: Readonly<Record<string, number>> };
  /** Parks and fetches calls; the switch only. */
  calls: { readonly argument: SwitchLoad; readonly answer: SwitchLoadResult };
  /** Runs a load; the process with the role `load` only. */
  run: { readonly argument: Load; readonly answer: LoadResult };
}

/** The loads there are. `park`: parks and retrieves in turn, each slot by one worker. `served`: by a client that costs little. */
export type LoadKind =
  'unary-echo' | 'unary-park' | 'stream-echo' | 'stream-park' | 'naive' | 'etcd-put' | 'served-echo' | 'served-park';

export interface Load {
  readonly kind: LoadKind;
  readonly address: string;
  /** Requests under way at a time. */
  readonly inFlight: number;
  readonly ms: number;
  /** So many are sent each second, whatever becomes of those before, up to `inFlight`; undefined: as many as are answered. */
  readonly perSecond?: number;
  /** With `perSecond`: so long it sends before anything is counted, so that connections are there; default 0. */
  readonly leadInMs?: number;
  /** Whose slots it works on, all of them one tenant's; `unary-park` only. Not said: those of many. */
  readonly tenantId?: string;
}

export interface LoadResult {
  readonly operations: number;
  /** Requests that were answered with an error. */
  readonly failed: number;
  readonly firstFailure: string;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** With `perSecond`: the slowest twentieth, the slowest first. */
  readonly slowestMs?: readonly number[];
}

export interface Question {
  readonly id: number;
  readonly ask: keyof Asks;
  readonly argument: unknown;
}

export type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

/** Said once, when the process is ready. */
export interface Ready {
  /** Where it listens; empty where it does not. */
  readonly address: string;
}

/** A role that runs. */
export interface Running {
  readonly address: string;
  readonly answers: Partial<{
    readonly [Ask in keyof Asks]: (argument: Asks[Ask]['argument']) => Promise<Asks[Ask]['answer']>;
  }>;
}
