import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { RealSwitch } from '@parkade/real-switch';

/** Legs that are called at a time. */
const AT_A_TIME = 8;
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

/** Calls the phone `count` times; answers the legs, answered and waiting. `transferred`: they count as legs a phone transfers. */
export async function callLegs(
  one: RealSwitch,
  phone: AnsweringPhone,
  profile: string,
  count: number,
  transferred: boolean,
): Promise<readonly string[]> {
  const legs: string[] = [];
  for (let at = 0; at < count; at += AT_A_TIME) {
    const calls = Array.from({ length: Math.min(AT_A_TIME, count - at) }, async () => {
      const leg = randomUUID();
      const partner = transferred ? `,last_bridge_to=${randomUUID()}` : '';
      const variables = `{origination_uuid=${leg},origination_caller_id_number=5550100${partner}}`;
      const said = await one.job('originate', `${variables}sofia/${profile}/phone@${phone.address} &park()`);
      if (!said.startsWith('+OK')) throw new Error(`a phone could not be called: ${said}`);
      legs.push(leg);
    });
    await Promise.all(calls);
  }
  return legs;
}
