import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Wire } from './wire.js';

/**
 * The network between the processes of a test: a wire in front of every part that others connect to. A wire tells by whose
 * process a connection was opened, so that a fault may strike one pair of parts and no other.
 */
export class Network {
  readonly #wires = new Map<string, Wire>();
  readonly #names = new Map<number, string>();
  #hosts = 0;

  /** The process `pid` is called so in faults from now on. */
  names(pid: number, name: string): void {
    this.#names.set(pid, name);
  }

  /** A loopback address of its own, for a part that tells others only the host it is reached at. */
  newHost(): string {
    this.#hosts++;
    return `127.1.${this.#hosts >> 8}.${this.#hosts & 255}`;
  }

  /** Puts a wire in front of a port of this machine; resolves to the address to reach it at. */
  async front(name: string, targetPort: number, at: { host?: string; port?: number } = {}): Promise<string> {
    const { host = '127.0.0.1', port = 0 } = at;
    const wire = await Wire.open(host, port, targetPort, (nearPort, wirePort) => this.#ownerOf(nearPort, wirePort));
    this.#wires.set(name, wire);
    return wire.address;
  }

  /** The wire in front of a part. */
  to(name: string): Wire {
    const wire = this.#wires.get(name);
    if (wire === undefined) throw new Error(`there is no wire to ${name}`);
    return wire;
  }

  get parts(): readonly string[] {
    return [...this.#wires.keys()];
  }

  /** Ends every fault. */
  async heal(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.heal()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.stop()));
  }

  /** Which known process holds the near end of a connection, as the kernel says; undefined: none of ours, or it is gone. */
  #ownerOf(nearPort: number, wirePort: number): string | undefined {
    const inode = inodeOf(nearPort, wirePort);
    if (inode === undefined) return undefined;
    for (const [pid, name] of this.#names) if (holds(pid, `socket:[${inode}]`)) return name;
    return undefined;
  }
}

function inodeOf(nearPort: number, wirePort: number): string | undefined {
  const [near, far] = [nearPort, wirePort].map((port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/);
    if (local.endsWith(near ?? '') && remote.endsWith(far ?? '') && inode !== '0') return inode;
  }
  return undefined;
}

function holds(pid: number, link: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === link;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
