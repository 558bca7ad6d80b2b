import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Audio } from './audio.js';
import { LogFile } from './log-file.js';
import { Line } from './line.js';
import { type Account, answeringScenario, callScenario, registerScenario } from './scenario.js';

/** What a phone does with a call that comes in. */
export type Behaviour = 'answers' | 'rings' | 'busy';

/** Where phones are, and which switch they belong to. */
export interface Surroundings {
  /** The address of this machine that the switch reaches. */
  readonly localHost: string;
  /** `host:port` of the switch's SIP profile. */
  readonly sip: string;
  readonly domain: string;
  readonly password: string;
}

const REGISTER_WITHIN_MS = 20_000;
const LISTENS_WITHIN_MS = 20_000;
/** Voices: every phone of a run has its own, and none is what silence looks like (0xff, 0x7f). */
let voices = 0;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A SIP phone of a user, played by SIPp. */
export class Phone {
  readonly lines: Line[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #logs: LogFile[] = [];
  readonly #audio: Audio[] = [];
  #behaviour: Behaviour = 'answers';
  #calls = 0;

  private constructor(
    readonly user: string,
    private readonly surroundings: Surroundings,
    private readonly directory: string,
  ) {}

  /** A phone that is not registered: it can only call. */
  static async make(user: string, surroundings: Surroundings): Promise<Phone> {
    return new Phone(user, surroundings, await mkdtemp(join(tmpdir(), 'parkade-phone-')));
  }

  /** A phone that is registered and takes calls. */
  static async register(user: string, surroundings: Surroundings): Promise<Phone> {
    const phone = await Phone.make(user, surroundings);
    await phone.#takeCalls();
    return phone;
  }

  set behaviour(behaviour: Behaviour) {
    this.#behaviour = behaviour;
  }

  get account(): Account {
    const { domain, password } = this.surroundings;
    return { user: this.user, domain, password };
  }

  /** Calls a number. */
  async call(target: string): Promise<Line> {
    const { localHost } = this.surroundings;
    const audio = await this.#newAudio();
    const callId = `${this.user}-${++this.#calls}-${process.pid}-${audio.port}@phone`;
    const port = await freeUdpPort(localHost);
    const xml = callScenario({ ...this.account, audioHost: localHost, audioPort: audio.port }, target);
    const line = new Line(this.user, callId, audio, { host: localHost, port });
    this.lines.push(line);
    // A percent sign means something in SIPp's text for Call-IDs.
    await this.#sipp(`call-${this.#calls}`, xml, port, ['-m', '1', '-cid_str', callId], (line_) => this.#told(line_));
    return line;
  }

  /** The next call that comes in and was not looked at yet. */
  async incoming(limitMs = 15_000): Promise<Line> {
    const endMs = Date.now() + limitMs;
    for (;;) {
      const line = this.lines.find((one) => one.isIncoming && !one.seen);
      if (line !== undefined) {
        line.seen = true;
        return line;
      }
      if (Date.now() > endMs) throw new Error(`nobody called ${this.user}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends its calls without a word, as a phone that loses its power does. */
  async close(): Promise<void> {
    for (const log of this.#logs) log.close();
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    for (const audio of this.#audio.splice(0)) audio.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #takeCalls(): Promise<void> {
    const { localHost } = this.surroundings;
    const audio = await this.#newAudio();
    const port = await freeUdpPort(localHost);
    const xml = answeringScenario({ ...this.account, audioHost: localHost, audioPort: audio.port });
    await this.#sipp('answer', xml, port, [], (text) => {
      const [callId = '', word = ''] = text.split(' ');
      if (word === 'incoming') this.#cameIn(callId, audio, port);
      this.#told(text);
    });
    // Whoever is registered can be called at once.
    await listening(port);
    const child = await this.#sipp('register', registerScenario(this.account, port), 0, ['-m', '1'], () => undefined);
    const code = await Promise.race([
      once(child, 'exit').then(([exit]: unknown[]) => exit),
      new Promise((resolve) => setTimeout(() => resolve('not in time'), REGISTER_WITHIN_MS)),
    ]);
    if (code !== 0) throw new Error(`${this.user} could not register at ${this.surroundings.sip}: ${String(code)}`);
  }

  #cameIn(callId: string, audio: Audio, port: number): void {
    const line = new Line(this.user, callId, audio, { host: this.surroundings.localHost, port });
    line.isIncoming = true;
    this.lines.push(line);
    if (this.#behaviour === 'answers') line.tell('ANSWER');
    if (this.#behaviour === 'busy') line.tell('REJECT');
  }

  #told(text: string): void {
    const [callId = '', word = '', ...rest] = text.trim().split(' ');
    this.lines.find((line) => line.callId === callId)?.hear(word, rest.join(' '));
  }

  async #newAudio(): Promise<Audio> {
    voices = (voices + 1) % 120;
    const audio = await Audio.open(this.surroundings.localHost, voices + 1);
    this.#audio.push(audio);
    return audio;
  }

  async #sipp(
    name: string,
    xml: string,
    port: number,
    more: readonly string[],
    onLine: (line: string) => void,
  ): Promise<ChildProcess> {
    const { localHost, sip } = this.surroundings;
    const scenario = join(this.directory, `${name}.xml`);
    const log = join(this.directory, `${name}.log`);
    const trace =
      process.env['PARKADE_SIP_TRACE'] === undefined
        ? []
        : [
            '-trace_msg',
            '-message_file',
            `${process.env['PARKADE_SIP_TRACE']}/${this.user}-${name}-${process.pid}-${port}.txt`,
          ];
    await writeFile(scenario, xml);
    const args = ['-sf', scenario, '-i', localHost, '-mi', localHost, '-nostdin', '-trace_logs', '-log_file', log];
    const where = port === 0 ? [] : ['-p', String(port)];
    const errors = ['-trace_err', '-error_file', join(this.directory, `${name}.err`)];
    const child = spawn('sipp', [sip, ...args, ...where, ...errors, ...trace, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: this.directory,
      env: { ...process.env, TERM: 'dumb' },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    running.add(child);
    child.once('exit', (code) => {
      running.delete(child);
      if (code !== null && code > 1) this.failure = `sipp ${name} of ${this.user} ended with ${code}: ${said}`;
    });
    await once(child, 'spawn');
    this.#children.push(child);
    this.#logs.push(new LogFile(log, onLine));
    return child;
  }

  /** What SIPp itself could not do; undefined: nothing. */
  failure: string | undefined;

  /** What SIPp found unexpected, for whoever looks for a fault. */
  async errors(): Promise<string> {
    const names = ['answer', 'register', ...Array.from({ length: this.#calls }, (_, i) => `call-${i + 1}`)];
    const texts = await Promise.all(
      names.map((name) => readFile(join(this.directory, `${name}.err`), 'utf8').catch(() => '')),
    );
    return texts.join('');
  }
}

/** Waits until somebody listens on a UDP port of this machine. */
async function listening(port: number): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const endMs = Date.now() + LISTENS_WITHIN_MS;
  while (!(await readFile('/proc/net/udp', 'utf8')).split('\n').some((line) => line.slice(0, 24).includes(local))) {
    if (Date.now() > endMs) throw new Error(`SIPp does not listen on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freeUdpPort(host: string): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
