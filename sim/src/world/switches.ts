import { DEFAULT_PICKUP_CONTEXT, registerMediaNode } from '@parkade/media';
import { parkDialplan, SimulatedSwitch } from '@parkade/media-simulator';
import { Host } from './host.js';
import type { World } from './world.js';

export const DOMAIN = 'acme.example';
export const ESL_PASSWORD = 'ClueCon';
const NAMES = ['switch-1', 'switch-2'] as const;
const ESL_PORT = 8_021;
/** Where media processes take calls from dial plans. */
export const OUTBOUND_PORT = 8_084;
const PENDING_S = 5;

/** A media node: the switch simulator of production's tests, on simulated time and network. */
export interface Node {
  readonly name: string;
  readonly host: Host;
  readonly sim: SimulatedSwitch;
}

/** Starts the media nodes, registers them, and lets them reach each other and the media processes named. */
export async function startSwitches(world: World, mediaNames: readonly string[]): Promise<readonly Node[]> {
  const { scheduler, network, store } = world;
  const nodes: Node[] = [];
  for (const [i, name] of NAMES.entries()) {
    const host = new Host(name, scheduler);
    const sim = await SimulatedSwitch.start(
      {
        name,
        domain: DOMAIN,
        port: ESL_PORT,
        password: ESL_PASSWORD,
        dialplan: parkDialplan({
          domain: DOMAIN,
          codes: /^(\*[3458]\d*|\*68\d*|7\d\d)$/,
          listeners: () => mediaNames.map((media) => `${media}:${OUTBOUND_PORT}`),
          pickupContext: DEFAULT_PICKUP_CONTEXT,
          pendingS: () => PENDING_S,
        }),
      },
      {
        clock: host.clock,
        random: host.random,
        sockets: {
          listen: network.listenForSockets(host, true),
          connect: ({ host: to, port }) => network.socket(host, `${to}:${port}`),
        },
      },
    );
    nodes.push({ name, host, sim });
    const sipAddress = sipAddressOf(i);
    await registerMediaNode(store, { name, host: name, port: ESL_PORT, sipAddress, recovers: false });
  }
  for (const [i, from] of nodes.entries()) {
    for (const [j, to] of nodes.entries()) {
      if (i !== j) from.sim.connectTo(to.sim, sipAddressOf(j), DEFAULT_PICKUP_CONTEXT, sipAddressOf(i).split(':')[0]);
    }
  }
  return nodes;
}

/** Names a node among the nodes; no packet goes there. */
function sipAddressOf(index: number): string {
  return `127.0.0.${index + 11}:5060`;
}
