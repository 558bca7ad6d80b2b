import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const FRAME_MS = 20;
const FRAME_BYTES = 160;
const RTP_HEADER = 12;
/** Frames that count as hearing, not as a leftover of before. */
const ENOUGH = 5;

/**
 * What a phone says and hears: PCMU over RTP. A phone says one byte value over and over, which a switch passes through
 * between two phones with the same codec, so that who hears whom is known for certain.
 */
export class Audio {
  readonly #heard = new Map<number, number>();
  #frames = 0;
  #lively = 0;
  #to: { readonly host: string; readonly port: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;

  private constructor(
    private readonly socket: Socket,
    readonly host: string,
    readonly port: number,
    /** What it says. */
    readonly voice: number,
  ) {
    socket.on('message', (packet) => this.#hear(packet));
  }

  static async open(host: string, voice: number): Promise<Audio> {
    const socket = createSocket('udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Audio(socket, host, socket.address().port, voice);
  }

  /** Begins to speak, to where the switch listens. */
  speak(host: string, port: number): void {
    this.#to = { host, port };
    this.#timer ??= setInterval(() => this.#say(), FRAME_MS);
  }

  silence(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Forgets what was heard. */
  forget(): void {
    this.#heard.clear();
    this.#frames = 0;
    this.#lively = 0;
  }

  /** Whether a voice was heard since `forget`. */
  hears(voice: number): boolean {
    return (this.#heard.get(voice) ?? 0) >= ENOUGH;
  }

  /** Frames that came since `forget`. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether a sound came that is no silence and no voice of a phone: hold audio, an announcement. */
  get hearsSound(): boolean {
    return this.#lively >= ENOUGH;
  }

  close(): void {
    this.silence();
    this.socket.close();
  }

  #say(): void {
    if (this.#to === undefined) return;
    const packet = Buffer.alloc(RTP_HEADER + FRAME_BYTES, this.voice);
    packet.writeUInt16BE(0x8000, 0);
    packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    packet.writeUInt32BE((this.#sequence * FRAME_BYTES) >>> 0, 4);
    packet.writeUInt32BE(this.voice + 1, 8);
    this.#sequence++;
    this.socket.send(packet, this.#to.port, this.#to.host);
  }

  #hear(packet: Buffer): void {
    const sound = packet.subarray(RTP_HEADER);
    const first = sound[0];
    if (first === undefined) return;
    this.#frames++;
    if (sound.every((byte) => byte === first)) this.#heard.set(first, (this.#heard.get(first) ?? 0) + 1);
    else this.#lively++;
  }
}
