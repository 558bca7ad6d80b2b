// Calls that dial plans send to this process.
//   I1. An outbound connection may reach any process and proves nothing: it names a call, and the owner of the node it names
//       decides what that call is.
//   I2. The connection ends as soon as the switch was told where the call goes, and not before: until then it holds the call
//       where it is, and from then on the call depends on no process of ours.
//   I3. When the call cannot be taken the connection is closed: the dial plan tries the next process, and at last lets the
//       call wait, marked as pending.
import { type Clock, sleep } from '@parkade/clock';
import type { OutboundHandler, OutboundSession } from '@parkade/esl';
import type { Log } from '@parkade/rpc';
import type { NodeAgent } from '../nodes/node-agent.js';
import type { NodeClients } from '../rpc/node-clients.js';

/** What the dial plan sets to the node's registered name; without it the switch's own name is taken. */
const NODE_VARIABLE = 'variable_parkade_node';

/** Until a call that nobody has sent anywhere yet is asked for again. */
const AGAIN_MS = 100;

export class IncomingCalls implements OutboundHandler {
  /** @param here the owner of a node where that is this process. */
  constructor(
    private readonly here: (mediaNode: string) => Pick<NodeAgent, 'takeCall'> | undefined,
    private readonly clients: Pick<NodeClients, 'call'>,
    private readonly limitMs: number,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  async onCall(session: OutboundSession): Promise<void> {
    const { channel, channelUuid } = session;
    const mediaNode = channel.get(NODE_VARIABLE) ?? channel.get('FreeSWITCH-Switchname') ?? '';
    const request = { mediaNode, callId: channelUuid };
    let isOpen = true;
    void session.ended.then(() => (isOpen = false));
    const ended = (): boolean => !isOpen;
    try {
      while (!ended()) {
        const { taken, reason, left } =
          (await this.here(mediaNode)?.takeCall(channelUuid)) ??
          (await this.clients.call(mediaNode, 'takeCall', request, this.limitMs));
        if (!taken) this.log.warn('a call was not taken', { mediaNode, callId: channelUuid, reason });
        if (!taken || left) break;
        await sleep(this.clock, AGAIN_MS);
      }
    } catch (error) {
      this.log.warn('a call could not be taken', { mediaNode, callId: channelUuid, error: String(error) });
    }
    session.close();
  }

  onTurnedAway(reason: string, remoteAddress: string): void {
    this.log.warn('a connection of a dial plan was turned away', { reason, remoteAddress });
  }

  onFault(error: unknown): void {
    this.log.error('defect', { error: String(error) });
  }
}
