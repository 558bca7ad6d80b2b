import { keys } from '@parkade/ids';
import type { Store } from '@parkade/store';

/** A media node as it is registered in the store. No secret is in it: passwords are the media processes' own. */
export interface MediaNode {
  /** 1 to 64 printable ASCII characters without blanks. */
  readonly name: string;
  /** Where its Event Socket listens. */
  readonly host: string;
  readonly port: number;
  /** `host:port` that other nodes send SIP to; empty: it takes no calls from them. */
  readonly sipAddress: string;
  /** Whether its profile tracks calls, so that a crashed switch gets them back by `sofia recover`. */
  readonly recovers: boolean;
}

export type MediaNodeFault = 'bad-name' | 'bad-host' | 'bad-port';

/** What is wrong with a registration; undefined: nothing. */
export function faultOf({ name, host, port }: MediaNode): MediaNodeFault | undefined {
  if (!/^[\x21-\x7e]{1,64}$/.test(name)) return 'bad-name';
  if (!/^[\x21-\x7e]{1,255}$/.test(host)) return 'bad-host';
  return Number.isInteger(port) && port > 0 && port < 65_536 ? undefined : 'bad-port';
}

/** Registers a node, or changes its registration. Answers what is wrong with it; rejects with `StoreError`. */
export async function registerMediaNode(store: Store, node: MediaNode): Promise<MediaNodeFault | undefined> {
  const fault = faultOf(node);
  if (fault !== undefined) return fault;
  const value = storedMediaNode(node);
  await store.txn({ compare: [], success: [{ kind: 'put', key: keys.mediaNode(node.name), value }] });
  return undefined;
}

/** A registration as it is stored; `source`: what registered it, where that was nobody by hand. */
export function storedMediaNode({ host, port, sipAddress, recovers }: MediaNode, source?: string): Uint8Array {
  return Buffer.from(JSON.stringify({ host, port, sip_address: sipAddress, recovers, source }));
}

/** Takes a node out: nobody controls it any more, its calls go on. Answers whether it was registered; rejects with `StoreError`. */
export async function removeMediaNode(store: Store, name: string): Promise<boolean> {
  const key = keys.mediaNode(name);
  const { succeeded } = await store.txn({
    compare: [{ kind: 'exists', key }],
    success: [{ kind: 'delete', range: { start: key } }],
  });
  return succeeded;
}

/** Reads a stored registration; undefined when it is none. */
export function readMediaNode(name: string, value: Uint8Array): MediaNode | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(value).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { host, port, sip_address: sipAddress, recovers } = fields as Record<string, unknown>;
  if (typeof host !== 'string' || typeof port !== 'number') return undefined;
  const node = {
    name,
    host,
    port,
    sipAddress: typeof sipAddress === 'string' ? sipAddress : '',
    recovers: recovers === true,
  };
  return faultOf(node) === undefined ? node : undefined;
}
