import type { Down } from '../down.js';
import type { EslEvent } from '../event.js';
import type { InboundListener } from '../inbound-config.js';

/** A listener that writes down what it hears. */
export class RecordingListener implements InboundListener {
  readonly heard: string[] = [];
  readonly events: EslEvent[] = [];
  readonly downs: Down[] = [];
  readonly faults: unknown[] = [];

  onUp(): void | Promise<void> {
    this.heard.push('up');
  }

  onDown(down: Down, wasUp: boolean): void | Promise<void> {
    this.heard.push(wasUp ? 'down' : 'failed');
    this.downs.push(down);
  }

  onEvent(event: EslEvent): void | Promise<void> {
    this.heard.push(event.name);
    this.events.push(event);
  }

  onUnreadable(reason: string): void | Promise<void> {
    this.heard.push(`unreadable ${reason}`);
  }

  onFault(error: unknown): void {
    this.faults.push(error);
  }
}
