import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { SeededRandom, SystemClock } from '@parkade/clock';
import { encodeCommand, type EslCommand, EslDecoder, type EslFrame } from '@parkade/esl';
import { eventually, readTranscript, recordedCommands } from '@parkade/esl/testing';
import { SimulatedSwitch } from '../simulated-switch.js';
import { recordedDialplan } from './recorded-dialplan.js';

/** What is compared of a connection: reply texts in order, jobs in order, the events of each leg in order. */
export interface Heard {
  readonly replies: readonly string[];
  readonly jobs: readonly string[];
  readonly events: Readonly<Record<string, readonly string[]>>;
}

/** One recording being played against the simulated switch: our side's bytes as recorded, phones as the scenario says. */
export class Replay {
  readonly frames: EslFrame[] = [];
  /** What the real switch sent. */
  recorded: readonly EslFrame[];
  /** Ids of the recorded legs, in the order of the recording. */
  readonly legs: readonly string[];
  readonly #commands: readonly EslCommand[];
  readonly #leftOut = new Set<number>();
  #played = 0;
  #socket: Socket | undefined;

  private constructor(
    readonly name: string,
    readonly sim: SimulatedSwitch,
    readonly outboundPort: number,
    readonly close: () => Promise<void>,
    readonly stopListening: () => Promise<void>,
    calls: Promise<Socket>,
  ) {
    const transcript = readTranscript(name);
    this.recorded = new EslDecoder().push(transcript.s2c).frames;
    this.#commands = recordedCommands(transcript);
    this.legs = legsOf(this.recorded, this.#commands);
    this.#calls = calls;
  }

  readonly #calls: Promise<Socket>;

  static async open(name: string): Promise<Replay> {
    let onCall: (socket: Socket) => void = () => undefined;
    const calls = new Promise<Socket>((resolve) => (onCall = resolve));
    const listener = createServer((socket) => onCall(socket));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const made = madeLegs(name);
    const sim = await SimulatedSwitch.start(
      { name: 'media-1', domain: '127.0.0.1', dialplan: recordedDialplan(port), trackCalls: true },
      { clock: new SystemClock(), random: new SeededRandom(1), newLegUuid: () => made.shift() ?? 'no-more-legs' },
    );
    for (const user of ['1000', '1001', '1002', '3000', '3001', '3002']) sim.phone(user, { authenticated: false });
    sim.phone('1001').behaviour = { kind: 'answers', afterMs: 0 };
    const replay = new Replay(
      name,
      sim,
      port,
      async () => {
        replay.#socket?.destroy();
        listener.close();
        await sim.close();
      },
      () => new Promise((resolve) => listener.close(() => resolve())),
      calls,
    );
    return replay;
  }

  /** Connects as the recorded application did. */
  async connect(): Promise<void> {
    const socket = connect({ port: this.sim.port, host: '127.0.0.1' });
    this.#read(socket);
    await this.until(() => this.frames.length > 0);
  }

  /** Sends a command on a connection of its own, as the housekeeping of the recordings did. */
  async elsewhere(line: string): Promise<void> {
    const socket = connect({ port: this.sim.port, host: '127.0.0.1' });
    socket.write(`auth ClueCon\n\n${line}\n\nexit\n\n`);
    await new Promise<void>((resolve) => socket.on('close', () => resolve()).resume());
  }

  /** Waits until the switch calls the application, as its `socket` action does. */
  async called(): Promise<void> {
    this.#read(await this.#calls);
  }

  /** Commands that the simulated switch does not have, or whose answer tells of the machine. */
  leaveOut(pattern: RegExp): void {
    for (const [index, { line }] of this.#commands.entries()) if (pattern.test(line)) this.#leftOut.add(index);
  }

  /** The recorded replies to what is played. */
  get recordedReplies(): readonly string[] {
    return heard(this.recorded).replies.filter((_, index) => !this.#leftOut.has(index) && index < this.#played);
  }

  /** Sends the next recorded commands, each after the reply to the one before. */
  async play(count = 1): Promise<void> {
    for (let i = 0; i < count; i++) {
      const index = this.#played++;
      const command = this.#commands[index];
      if (command === undefined) throw new Error(`${this.name} has no more commands`);
      if (this.#leftOut.has(index)) continue;
      const before = this.#replies().length;
      const encoded = encodeCommand({ ...command, expands: true });
      this.#socket?.write(encoded.ok ? encoded.bytes : `${command.line}\n\n`);
      await this.until(() => this.#replies().length > before);
    }
  }

  /** Every command that is left. */
  playRest(): Promise<void> {
    return this.play(this.#commands.length - this.#played);
  }

  until(condition: () => boolean): Promise<void> {
    return eventually(condition);
  }

  /** Waits until an event of this name came, for the `nth` time. */
  event(name: string, nth = 1): Promise<void> {
    return this.until(
      () => this.frames.filter((frame) => frame.kind === 'event' && frame.event.name === name).length >= nth,
    );
  }

  /** Waits until as many events as recorded have come. */
  async settled(mayMiss = ''): Promise<void> {
    const count = (frames: readonly EslFrame[]): number =>
      frames.filter((frame) => frame.kind === 'event' && frame.event.name !== mayMiss).length;
    await this.until(() => count(this.frames) >= count(this.recorded));
  }

  /** Compares no more than the first events of the recording. */
  cutAfter(events: number): void {
    let seen = 0;
    this.recorded = this.recorded.filter(({ kind }) => kind !== 'event' || ++seen <= events);
  }

  disconnect(): void {
    this.#socket?.destroy();
  }

  #replies(): EslFrame[] {
    return this.frames.filter(({ kind }) => kind === 'command-reply' || kind === 'api-response');
  }

  #read(socket: Socket): void {
    const decoder = new EslDecoder();
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.frames.push(...decoder.push(chunk).frames));
  }
}

/** Brings what was heard into the form that is compared. */
export function heard(frames: readonly EslFrame[], leaveOut = ''): Heard {
  const events: Record<string, string[]> = {};
  const [replies, jobs]: [string[], string[]] = [[], []];
  for (const frame of frames) {
    if (frame.kind === 'command-reply' || frame.kind === 'api-response') replies.push(normalized(frame.text));
    if (frame.kind !== 'event') continue;
    const { name, body, channelUuid = '' } = frame.event;
    if (name === 'BACKGROUND_JOB') jobs.push(normalized(body ?? ''));
    else if (name !== leaveOut) (events[channelUuid] ??= []).push(name);
  }
  return { replies, jobs, events };
}

/** Ids that the switch made itself, and what counts up, are no part of the comparison. */
function normalized(text: string): string {
  return text.replace(/^\+OK Job-UUID: \S+/, '+OK Job-UUID: …').replace(/^UP 0 years[^]*/, 'UP …');
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

/** Every leg that a command or an event names, in this order. */
function legsOf(frames: readonly EslFrame[], commands: readonly EslCommand[]): string[] {
  const named = commands.flatMap(({ line }) => [...line.matchAll(UUID)].map(([uuid]) => uuid));
  const told = frames.flatMap((frame) => (frame.kind === 'event' ? [frame.event.channelUuid ?? ''] : []));
  return [...new Set([...named, ...told])].filter((uuid) => uuid !== '' && !uuid.startsWith('00000000-'));
}

/** The legs that the recorded switch made and named itself, in this order. */
function madeLegs(name: string): string[] {
  const { frames } = new EslDecoder().push(readTranscript(name).s2c);
  const outbound = frames.flatMap((frame) => {
    if (frame.kind === 'event' && frame.event.get('Call-Direction') === 'outbound')
      return [frame.event.channelUuid ?? ''];
    const [, uuid = ''] = frame.kind === 'api-response' ? (/^\+OK ([0-9a-f-]{36})\n$/.exec(frame.text) ?? []) : [];
    return [uuid];
  });
  const given = recordedCommands(readTranscript(name))
    .map(({ line }) => line)
    .join('\n');
  return [...new Set(outbound)].filter((uuid) => uuid !== '' && !given.includes(`origination_uuid=${uuid}`));
}
