import { performance } from 'node:perf_hooks';
import type { Load, LoadKind, LoadResult, RoleSetup, Running } from './messages.js';
import { Latencies } from './latencies.js';
import { etcdPuts, naivePuts, streamEcho, streamParks, unaryEcho, unaryParks } from './loads.js';
import { paced } from './paced.js';
import { servedEchoes, servedParks } from './served-loads.js';

/** Does the next operation of a worker; calls back when it is answered, with what went wrong where it did. */
export type Operate = (worker: number, turn: number, done: (failure?: string) => void) => void;

/** A way to operate, and what ends it. */
export interface Opened {
  readonly operate: Operate;
  readonly close: () => void;
}

/** What a load may need besides an address. */
export interface LoadSetup {
  readonly etcd: string;
  /** What it shows to a gateway on a stream of many tenants' commands. */
  readonly token: string;
  /** What it shows for calls of one tenant. */
  readonly tokenOf: (tenantId: string) => string;
  readonly tenantId: string | undefined;
}

const KINDS: Readonly<Record<LoadKind, (address: string, how: LoadSetup) => Opened | Promise<Opened>>> = {
  'unary-echo': unaryEcho,
  'stream-echo': streamEcho,
  'unary-park': unaryParks,
  'stream-park': streamParks,
  naive: naivePuts,
  'etcd-put': (_address, { etcd }) => etcdPuts(etcd),
  'served-echo': servedEchoes,
  'served-park': servedParks,
};

/** The process that makes requests: a fixed number under way, each worker's next when its last is answered. */
export function runLoad({ etcd = '', token = '', tokens = {} }: RoleSetup): Promise<Running> {
  const tokenOf = (tenantId: string): string => tokens[tenantId] ?? token;
  return Promise.resolve({
    address: '',
    answers: {
      run: async (load) => {
        const opened = await KINDS[load.kind](load.address, { etcd, token, tokenOf, tenantId: load.tenantId });
        return load.perSecond === undefined ? run(load, opened) : paced(load, load.perSecond, opened);
      },
    },
  });
}

/** Runs for `ms`, then for one more operation where a worker would leave its slot occupied. */
function run({ inFlight, ms }: Load, { operate, close }: Opened): Promise<LoadResult> {
  const latencies = new Latencies();
  let failed = 0;
  let firstFailure = '';
  let working = inFlight;
  const startMs = performance.now();
  return new Promise((resolve) => {
    const next = (worker: number, turn: number): void => {
      const sentMs = performance.now();
      if (sentMs - startMs >= ms && turn % 2 === 0) {
        if (--working > 0) return;
        close();
        const seconds = (sentMs - startMs) / 1_000;
        const [p50Ms, p99Ms] = [latencies.quantile(0.5), latencies.quantile(0.99)];
        return resolve({ operations: latencies.count, failed, firstFailure, seconds, p50Ms, p99Ms });
      }
      operate(worker, turn, (failure) => {
        latencies.add(performance.now() - sentMs);
        if (failure !== undefined && failed++ === 0) firstFailure = failure;
        next(worker, turn + 1);
      });
    };
    for (let worker = 0; worker < inFlight; worker++) next(worker, 0);
  });
}
