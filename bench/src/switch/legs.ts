import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { RealSwitch } from '@parkade/real-switch';

const READY_MS = 2_000;

/** A phone that answers every call, played by SIPp. */
export class AnsweringPhone {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
  ) {}

  static async start(host: string): Promise<AnsweringPhone> {
    const probe = createSocket('udp4');
    probe.bind(0, host);
    await once(probe, 'listening');
    const { port } = probe.address();
    probe.close();
    await once(probe, 'close');
    const args = ['-sn', 'uas', '-i', host, '-mi', host, '-p', String(port), '-nostdin'];
    const child = spawn('sipp', args, { stdio: 'ignore', env: { ...process.env, TERM: 'dumb' } });
    await once(child, 'spawn');
    process.once('exit', () => child.kill('SIGKILL'));
    await delay(READY_MS);
    return new AnsweringPhone(child, `${host}:${port}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** Calls the phone and sends its leg to `target` when it has answered. `transferable`: as one that a phone transfers later. */
export type CallLeg = (leg: string, target: string, transferable: boolean) => Promise<void>;

export function callingLegs(one: RealSwitch, phone: AnsweringPhone, profile: string): CallLeg {
  return async (leg, target, transferable) => {
    // Who has talked with it, as a transfer leaves it on a leg.
    const partner = transferable ? `,last_bridge_to=${randomUUID()}` : '';
    const variables = `{origination_uuid=${leg},origination_caller_id_number=5550100${partner}}`;
    const said = await one.job('originate', `${variables}sofia/${profile}/phone@${phone.address} ${target}`);
    if (!said.startsWith('+OK')) throw new Error(`a phone could not be called: ${said}`);
  };
}
