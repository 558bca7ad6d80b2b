import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FlagReader } from './flag-reader.js';
import { addFlags } from './flags.js';
import { readWebhookLimits, WEBHOOK_FLAGS } from './webhook-flags.js';

const VARIABLE = 'PARKADE_WEBHOOK_PRIVATE_TARGETS';
afterEach(() => {
  vi.unstubAllEnvs();
});

function allowed(...args: readonly string[]): boolean {
  const command = addFlags(new Command(), ...WEBHOOK_FLAGS).parse(args, { from: 'user' });
  const reader = new FlagReader(command.opts());
  const { allowPrivateTargets } = readWebhookLimits(reader);
  reader.check();
  return allowPrivateTargets;
}

describe('webhooks to private addresses', () => {
  it('are posted only where somebody said yes', () => {
    expect([allowed(), allowed('--webhook-private-targets'), allowed('--webhook-private-targets', 'no')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('are not posted where the environment says no', () => {
    vi.stubEnv(VARIABLE, 'no');
    expect(allowed()).toBe(false);
    vi.stubEnv(VARIABLE, 'yes');
    expect(allowed()).toBe(true);
    vi.stubEnv(VARIABLE, 'perhaps');
    expect(() => allowed()).toThrow('--webhook-private-targets must be yes or no');
  });
});
