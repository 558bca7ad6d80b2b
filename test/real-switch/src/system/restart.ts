import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RealSwitch } from './real-switch.js';
import type { SwitchSettings } from './settings.js';

const WITHIN_MS = 60_000;

/** Starts a switch again, by the command of the settings or by its own; resolves when it answers as another instance. */
export async function restart({ restartCommand, profile }: SwitchSettings, one: RealSwitch): Promise<void> {
  const before = await one.global('core_uuid');
  if (restartCommand === undefined) await one.api('fsctl', 'shutdown restart');
  else await promisify(execFile)('sh', ['-c', restartCommand], { timeout: WITHIN_MS });
  const endMs = Date.now() + WITHIN_MS;
  while (Date.now() < endMs) {
    await delay(200);
    const now = one.isUp ? await one.global('core_uuid') : '';
    if (now !== '' && now !== before && (await one.sipOf(profile)) !== '') return;
  }
  throw new Error('the switch did not start again');
}
