import type { Bus } from '@parkade/bus';
import type { Clock } from '@parkade/clock';
import { encodeMessage } from '@parkade/presence';
import { jsonOf } from '@parkade/records';

/**
 * Somebody's place in a stream, kept as a last value. Whoever goes on from it hears again what came after it was last saved; so what
 * is done with what is heard must bear to be done again.
 */
export class KeptPlace<Place extends object> {
  #version = 0;
  #saved: Place | undefined;
  #wanted: Place | undefined;
  #saving: Promise<void> | undefined;

  constructor(
    private readonly subject: string,
    private readonly deps: { readonly bus: Bus; readonly clock: Clock; readonly onTrouble: (error: unknown) => void },
  ) {}

  /** As it was saved last; undefined: never. Rejects where the bus is away. */
  async load(): Promise<Place | undefined> {
    const last = await this.deps.bus.last(this.subject);
    if (last === undefined) return undefined;
    this.#version = last.version ?? 0;
    return jsonOf(last.payload) as Place | undefined;
  }

  /** Saves it soon; while a save is under way only the latest follows it. */
  save(place: Place): void {
    this.#wanted = place;
    this.#saving ??= this.#save();
  }

  /** Resolves when what was to be saved is, or could not be. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #save(): Promise<void> {
    while (this.#wanted !== undefined && this.#wanted !== this.#saved) {
      const place = this.#wanted;
      // A clock that went back must not make it older than it is.
      this.#version = Math.max(this.#version + 1, this.deps.clock.nowMs());
      try {
        await this.deps.bus.publishLast(this.subject, encodeMessage(place), { version: this.#version });
        this.#saved = place;
      } catch (error) {
        this.deps.onTrouble(error);
        break;
      }
    }
    this.#saving = undefined;
  }
}
