import type { Clock } from '@parkade/clock';
import type { Channel } from './channel.js';
import { addChannel, addVariables, type Fields } from './channel-fields.js';

/** An event whose fields are made when the first listener wants them. */
export interface SwitchEvent {
  readonly name: string;
  /** The leg it is about. */
  readonly uuid: string | undefined;
  fields(): Fields;
}

export type Listener = (event: SwitchEvent) => void;

/** Who hears what happens at a switch. */
export class SwitchEvents {
  readonly #listeners = new Set<Listener>();
  #sequence = 0;

  constructor(
    private readonly name: string,
    private readonly coreUuid: string,
    private readonly clock: Clock,
  ) {}

  onEvent(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells everybody who listens. */
  emit(name: string, channel: Channel | undefined, extra: Fields = {}): void {
    let made: Fields | undefined;
    const fields = (): Fields => (made ??= this.about(name, channel, name !== 'CHANNEL_STATE', extra));
    for (const listener of [...this.#listeners]) listener({ name, uuid: channel?.uuid, fields });
  }

  /** The fields of an event, or of an answer that looks like one; of a leg, with its variables where they are wanted. */
  about(name: string, channel: Channel | undefined, withVariables = true, extra: Fields = {}): Fields {
    const fields = this.common(name);
    Object.assign(fields, extra);
    if (channel === undefined) return fields;
    addChannel(fields, channel);
    if (withVariables) addVariables(fields, channel);
    return fields;
  }

  /** What every event begins with. */
  common(name: string): Fields {
    return {
      'Event-Name': name,
      'Core-UUID': this.coreUuid,
      'FreeSWITCH-Hostname': this.name,
      'FreeSWITCH-Switchname': this.name,
      'FreeSWITCH-IPv4': '127.0.0.1',
      'Event-Date-GMT': new Date(this.clock.nowMs()).toUTCString(),
      'Event-Date-Timestamp': String(Math.trunc(this.clock.nowMs() * 1_000)),
      'Event-Sequence': String(++this.#sequence),
    };
  }

  /** Nobody listens any more. */
  clear(): void {
    this.#listeners.clear();
  }
}
