import { SystemClock, SystemRandom } from '@parkade/clock';
import { DEFAULT_LIMITS, type LegNews, type MediaPort, startRecall } from '@parkade/recall';
import { silentLog } from '@parkade/rpc';
import { openEtcdStore } from '@parkade/store';

// One recall process of a test, whose media are in the process that started it: every call of the port goes there by message,
// so that a kill of this process leaves the phones ringing, as it does with a real switch.

interface Reply {
  readonly id: number;
  readonly result: unknown;
}

const [endpoint = '', memberId = '', shards = '16'] = process.argv.slice(2);
const waiting = new Map<number, (result: unknown) => void>();
const listeners = new Set<(legId: string, news: LegNews) => void>();
let lastId = 0;

function ask<T>(method: string, ...args: unknown[]): Promise<T> {
  const id = ++lastId;
  return new Promise((resolve) => {
    waiting.set(id, (result) => resolve(result as T));
    process.send?.({ id, method, args });
  });
}

process.on('message', (message: Reply | { readonly legId: string; readonly news: LegNews }) => {
  if ('legId' in message) {
    for (const listener of listeners) listener(message.legId, message.news);
    return;
  }
  waiting.get(message.id)?.(message.result);
  waiting.delete(message.id);
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));

const media: MediaPort = {
  contacts: (user, timeoutMs) => ask('contacts', user, timeoutMs),
  exists: (leg) => ask('exists', leg),
  connect: (leg, call) => ask('connect', leg, call),
  transfer: (park, call, exit) => ask('transfer', park, call, exit),
  ring: (request) => void ask('ring', request),
  cancel: (leg, cause) => void ask('cancel', leg, cause),
  hold: (call) => void ask('hold', call),
  hangup: (park, call) => void ask('hangup', park, call),
  onLeg: (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

const clock = new SystemClock();
const store = await openEtcdStore({ endpoints: [endpoint], clock });
await startRecall(
  { memberId, host: '127.0.0.1', port: 0, version: '1.0.0', leaseTtlMs: 2_000, limits: DEFAULT_LIMITS },
  Number(shards),
  { store, clock, random: new SystemRandom(), log: silentLog, media },
);
process.send?.({ id: 0, method: 'started', args: [] });
