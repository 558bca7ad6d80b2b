import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import { WatchSlotsRequest } from '@parkade/proto';
import { CHANNEL_OPTIONS } from '@parkade/rpc';
import { FAN_OUT, raw } from './fan-out-service.js';
import type { RoleSetup, Running, Watchers } from './messages.js';
import { bearer } from './trust.js';

const WATCH_SLOTS = raw('/parkade.park.v1.ParkService/WatchSlots', true);
/** Streams of one connection. */
const IN_ONE = 500;
/** The first byte of a message that tells of a slot: field 2 of WatchSlotsResponse. */
const SLOT = 0x12;
/** Streams are open when each has been told something, and nothing more has come for so long, ms. */
const QUIET_MS = 1_000;

export const WATCHED_TENANT = 'watched';

/** A client that only counts: messages are not decoded, so that what is measured is the server's own work. */
export function runWatchers({ token }: RoleSetup): Promise<Running> {
  const [who, nobody] = [bearer(token), new Metadata()];
  const told: boolean[] = [];
  let left = 0;
  let onAll: () => void = () => undefined;
  let lastMs = 0;
  const heard = new Set<number>();
  const open = ({ address, kind, count }: Watchers): Promise<true> => {
    const request = Buffer.from(
      WatchSlotsRequest.encode(WatchSlotsRequest.fromPartial({ tenantId: WATCHED_TENANT })).finish(),
    );
    const method = kind === 'bare' ? FAN_OUT.watch : WATCH_SLOTS;
    let client: Client | undefined;
    for (let i = 0; i < count; i++) {
      if (i % IN_ONE === 0 || client === undefined) {
        client = new Client(address, credentials.createInsecure(), {
          ...CHANNEL_OPTIONS,
          'grpc.use_local_subchannel_pool': 1,
        });
      }
      const { path, requestSerialize, responseDeserialize } = method;
      const stream: ClientReadableStream<Buffer> = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        kind === 'bare' ? nobody : who,
      );
      told.push(true);
      stream.on('data', (message: Buffer) => {
        lastMs = Date.now();
        heard.add(i);
        if (message[0] !== SLOT || told[i] === true) return;
        told[i] = true;
        if (--left === 0) onAll();
      });
      stream.on('error', (error) => {
        console.error('a watcher has ended', error.message);
        process.exit(1);
      });
    }
    return new Promise((resolve) => {
      const look = setInterval(() => {
        if (heard.size < count || Date.now() - lastMs < QUIET_MS) return;
        clearInterval(look);
        resolve(true);
      }, 50);
    });
  };
  return Promise.resolve({
    address: '',
    answers: {
      watch: open,
      told: () => {
        told.fill(false);
        left = told.length;
        return new Promise<number>((resolve) => (onAll = () => resolve(Date.now())));
      },
    },
  });
}
