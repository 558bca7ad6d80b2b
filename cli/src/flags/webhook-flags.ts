import { DEFAULT_WEBHOOK_LIMITS, type WebhookLimits } from '@parkade/records-service';
import type { FlagReader } from './flag-reader.js';
import { flag } from './flags.js';

const MAX_ATTEMPTS = 32;
const MAX_RETRY_MS = 3_600_000;

/** How webhooks are delivered. */
export const WEBHOOK_FLAGS = [
  flag(
    '--webhook-private-targets [yes|no]',
    'post to private, link-local and loopback addresses, too: any tenant could reach what only this network should',
    'PARKADE_WEBHOOK_PRIVATE_TARGETS',
  ),
  flag(
    '--webhook-attempts <n>',
    'attempts at an event before it is a dead letter (default: 8)',
    'PARKADE_WEBHOOK_ATTEMPTS',
  ),
  flag(
    '--webhook-retry <time>',
    'the pause after a first failed attempt; it grows threefold, to 300 s (default: 1s)',
    'PARKADE_WEBHOOK_RETRY',
  ),
] as const;

export function readWebhookLimits(reader: FlagReader): WebhookLimits {
  const { maxAttempts, retryFirstMs, retryMaxMs } = DEFAULT_WEBHOOK_LIMITS;
  const firstMs = reader.time('webhookRetry', 1, MAX_RETRY_MS, retryFirstMs);
  return {
    ...DEFAULT_WEBHOOK_LIMITS,
    allowPrivateTargets: reader.boolean('webhookPrivateTargets', false),
    maxAttempts: reader.integer('webhookAttempts', 1, MAX_ATTEMPTS, maxAttempts),
    retryFirstMs: firstMs,
    retryMaxMs: Math.max(firstMs, retryMaxMs),
  };
}
