import { SystemClock, SystemRandom } from '@parkade/clock';
import { DEFAULT_PICKUP_CONTEXT } from '@parkade/media';
import { parkDialplan, SimulatedSwitch } from '@parkade/media-simulator';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

/** A simulated media node, and the network between it and whoever controls it. */
export interface SimulatedNode {
  readonly name: string;
  readonly sim: SimulatedSwitch;
  /** Its Event Socket is reached through this. */
  readonly wire: TcpProxy;
  /** Names it among the nodes; no packet goes there. */
  readonly sipAddress: string;
  /** Its profile tracks its calls. */
  readonly recovers: boolean;
}

export interface NodeOptions {
  /** How long a sound lasts, in ms. */
  readonly soundMs?: number;
}

/** What is set in the dial plan of every node. */
export interface DialplanSettings {
  /** The outbound ports of the media processes, in the order they are tried. */
  readonly listeners: ReadonlyMap<string, number>;
  /** How long a call waits that nobody takes, before it goes back to its parker; the shipped dial plan's: a minute. */
  pendingS: number;
}

/** Who has a phone at every node. Extensions that begin with 2 are callers, those that begin with 1 are desks. */
const USERS = ['1001', '1002', '1003', '1004', '2001', '2002', '2003', '2004'];
const DOMAIN = 'acme.example';

/** Starts nodes that send each other calls by SIP. The profile of one whose name begins with `tracks` tracks its calls. */
export async function startNodes(
  names: readonly string[],
  settings: DialplanSettings,
  options: NodeOptions = {},
): Promise<readonly SimulatedNode[]> {
  const nodes = await Promise.all(names.map((name, i) => startNode(name, `127.0.0.${i + 11}:5060`, settings, options)));
  for (const from of nodes) {
    for (const to of nodes) {
      if (from === to) continue;
      from.sim.connectTo(to.sim, to.sipAddress, DEFAULT_PICKUP_CONTEXT, from.sipAddress.split(':')[0]);
    }
  }
  return nodes;
}

async function startNode(
  name: string,
  sipAddress: string,
  settings: DialplanSettings,
  options: NodeOptions,
): Promise<SimulatedNode> {
  const recovers = name.startsWith('tracks');
  const sim = await SimulatedSwitch.start(
    {
      name,
      domain: DOMAIN,
      trackCalls: recovers,
      ...options,
      dialplan: parkDialplan({
        domain: DOMAIN,
        codes: /^([*#][*#\d]*|7\d\d|9000)$/,
        listeners: () => [...settings.listeners.values()].map((port) => `127.0.0.1:${port}`),
        pickupContext: DEFAULT_PICKUP_CONTEXT,
        pendingS: () => settings.pendingS,
      }),
    },
    { clock: new SystemClock(), random: new SystemRandom() },
  );
  for (const user of USERS) sim.phone(user);
  sim.phone('1201', { domain: 'beta.example' });
  sim.phone('2201', { domain: 'beta.example' });
  return { name, sim, wire: await startTcpProxy(sim.port), sipAddress, recovers };
}
