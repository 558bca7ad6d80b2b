import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Line } from '../phones/line.js';
import { Phone } from '../phones/phone.js';
import { RealSwitch } from './real-switch.js';
import type { SwitchSettings } from './settings.js';
import { System, type SystemOptions } from './system.js';

/** The real switches with Parkade around them, and the phones of one test at a time. */
export class Scene {
  readonly #phones: Phone[] = [];

  constructor(
    readonly settings: SwitchSettings,
    readonly switches: readonly RealSwitch[],
    readonly system: System,
  ) {}

  /** The first switch. */
  get here(): RealSwitch {
    return this.#nth(0);
  }

  /** The second switch. */
  get there(): RealSwitch {
    return this.#nth(1);
  }

  /** The n-th user of the directory, from 0 on. */
  user(n: number): string {
    const user = this.settings.users[n];
    if (user === undefined) throw new Error('too few users');
    return user;
  }

  /** A registered phone of the n-th user. */
  async phone(n: number, at = this.here): Promise<Phone> {
    const phone = await Phone.register(this.user(n), await at.surroundings());
    this.#phones.push(phone);
    return phone;
  }

  /** A phone of the n-th user that only calls. */
  async caller(n: number, at = this.here): Promise<Phone> {
    const phone = await Phone.make(this.user(n), await at.surroundings());
    this.#phones.push(phone);
    return phone;
  }

  /** Two phones talk: the caller's line and the callee's. */
  async talk(caller: Phone, callee: Phone): Promise<[Line, Line]> {
    const line = await caller.call(callee.user);
    const other = await callee.incoming();
    await line.waitFor('answered');
    await other.waitFor('answered');
    await line.talksWith(other);
    return [line, other];
  }

  /** A caller is parked in a slot by the phone it talks with; his line. */
  async park(caller: Phone, callee: Phone, slot: string): Promise<Line> {
    const [line, other] = await this.talk(caller, callee);
    other.transfer(slot, callee.account.domain);
    await other.over();
    await this.system.park(slot);
    await line.hearsSound();
    return line;
  }

  /** Ends the phones and every call, and waits until nothing is parked. */
  async clear(): Promise<void> {
    for (const phone of this.#phones.splice(0)) await phone.close();
    await this.system.restore();
    for (const one of this.switches) await one.clear();
    await this.system.vacate();
    await this.system.allFree();
  }

  /** What a test that fails is explained by. */
  async story(): Promise<string> {
    const lines = this.#phones.flatMap((phone) =>
      phone.lines.map((line) => `${line.user} ${line.callId} ${JSON.stringify(line.told)} ${phone.failure ?? ''}`),
    );
    const errors = await Promise.all(this.#phones.map((phone) => phone.errors()));
    return [...lines, ...errors, this.system.logs()].join('\n');
  }

  #nth(n: number): RealSwitch {
    const found = this.switches[n];
    if (found === undefined) throw new Error('too few switches');
    return found;
  }
}

/** A scene for all tests of a file; after each test nothing is left of it. */
export function withScene(settings: SwitchSettings, options: SystemOptions = {}): () => Scene {
  let scene: Scene | undefined;
  beforeAll(async () => {
    const switches = await RealSwitch.connectAll(settings);
    for (const one of switches) await one.clear();
    scene = new Scene(settings, switches, await System.start(settings, switches, options));
  });
  beforeEach(({ onTestFailed }) => {
    let story = '';
    afterStory = async (failed) => {
      if (failed) story = (await scene?.story()) ?? '';
    };
    onTestFailed(() => void process.stderr.write(`${story}\n`));
  });
  afterEach(async ({ task }) => {
    await afterStory(task.result?.state === 'fail');
    await scene?.clear();
  });
  afterAll(async () => {
    await scene?.system.stop();
    await Promise.all((scene?.switches ?? []).map((one) => one.close()));
  });
  return () => {
    if (scene === undefined) throw new Error('the scene has not started');
    return scene;
  };
}

let afterStory: (failed: boolean) => Promise<void> = () => Promise.resolve();
