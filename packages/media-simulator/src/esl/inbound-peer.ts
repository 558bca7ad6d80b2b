import type { EslSocket } from '@parkade/esl';
import type { SwitchCore } from '../calls/switch-core.js';
import { EslConnection } from './connection.js';
import { replyFrame } from './frames.js';

/** An application that connected to the switch. */
export class InboundPeer extends EslConnection {
  #authenticated = false;

  constructor(
    core: SwitchCore,
    socket: EslSocket,
    private readonly password: string,
  ) {
    super(core, socket);
    this.write('Content-Type: auth/request\n\n');
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  protected override verb(verb: string, argument: string): string | undefined {
    if (verb === 'auth' && !this.#authenticated) {
      this.#authenticated = argument === this.password;
      if (this.#authenticated) return replyFrame('+OK accepted');
      this.core.deps.clock.defer(() => this.sayGoodbye());
      return replyFrame('-ERR invalid');
    }
    if (!this.#authenticated) return replyFrame('-ERR command not found');
    switch (verb) {
      case 'exit':
        this.core.deps.clock.defer(() => this.sayGoodbye());
        return replyFrame('+OK bye');
      case 'myevents':
        if (argument === '') return replyFrame('-ERR command not found');
        this.subscription.only = argument;
        return replyFrame('+OK Events Enabled');
      case 'log':
        return replyFrame(`+OK log level ${argument} [${argument}]`);
      case 'nolog':
        return replyFrame('+OK no longer logging');
      case 'divert_events':
        return replyFrame('-ERR not controlling a session.');
      default:
        return undefined;
    }
  }
}
