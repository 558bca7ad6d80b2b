import { readFile } from 'node:fs/promises';
import {
  DEFAULT_MEDIA_LIMITS,
  DEFAULT_ROUTED_MEDIA,
  type MediaLimits,
  type RoutedMediaConfig,
  type TenantRule,
} from '@parkade/media';
import { codesOf, type FeatureCodes, featureCodesSchema } from '@parkade/settings';
import { z } from 'zod';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';

const text = z.string().min(1);

const mediaSchema = z.strictObject({
  /** Whose calls these are; the first rule that fits counts. Nothing a phone can write decides it. */
  tenants: z
    .array(
      z.strictObject({
        tenant_id: text,
        node: text.optional(),
        profile: text.optional(),
        context: text.optional(),
        domain: text.optional(),
        lot_id: text.optional(),
        music: text.optional(),
      }),
    )
    .max(10_000)
    .default([]),
  /** The feature codes of tenants whose settings leave them out; an empty one is not used. */
  codes: featureCodesSchema.default({}),
  /** Bounds of a media process, in ms. */
  limits: z
    .strictObject({
      /** Until a pickup that did not come about counts as failed. */
      give_up_ms: z.number().int().min(1_000).max(60_000),
      /** Between two looks at everything a node has. */
      reconcile_ms: z.number().int().min(1_000).max(600_000),
      /** How long a transferred call waits that cannot be parked, before it goes back to its parker. */
      pending_ms: z.number().int().min(1_000).max(3_600_000),
    })
    .partial()
    .default({}),
  /** The domain whose users are rung, by tenant. */
  domains: z.record(text, text).default({}),
  /** Numbers of the dial plan, with `{id}` for what they lead to. */
  numbers: z
    .strictObject({ voicemail: text, ring_group: text, device: text, user: text, callflow: text })
    .partial()
    .default({}),
});

/** What a media file says. */
export interface MediaFile {
  readonly tenants: readonly TenantRule[];
  readonly codes: FeatureCodes;
  readonly limits: MediaLimits;
  readonly routed: RoutedMediaConfig;
}

/** Reads the JSON file of the media settings; no path: the defaults. A file that is wrong is a `CommandFailure` (usage). */
export async function readMediaFile(path: string | undefined): Promise<MediaFile> {
  const parsed = mediaSchema.safeParse(path === undefined ? {} : await readJson(path));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path: at, message }) => `  ${at.join('.') || '(the document)'}: ${message}`,
    );
    throw new CommandFailure(EXIT.usage, `${path ?? ''} is wrong:\n${faults.join('\n')}`);
  }
  const { tenants, codes, limits, domains, numbers } = parsed.data;
  return {
    limits: {
      ...DEFAULT_MEDIA_LIMITS,
      giveUpMs: limits.give_up_ms ?? DEFAULT_MEDIA_LIMITS.giveUpMs,
      reconcileMs: limits.reconcile_ms ?? DEFAULT_MEDIA_LIMITS.reconcileMs,
      pendingMs: limits.pending_ms ?? DEFAULT_MEDIA_LIMITS.pendingMs,
    },
    tenants: tenants.map((rule) => ({
      tenantId: rule.tenant_id,
      node: rule.node,
      profile: rule.profile,
      context: rule.context,
      domain: rule.domain,
      lotId: rule.lot_id,
      music: rule.music,
    })),
    codes: codesOf(codes),
    routed: { ...DEFAULT_ROUTED_MEDIA, domains, numbers: { ...DEFAULT_ROUTED_MEDIA.numbers, ...present(numbers) } },
  };
}

/** The values that are there. */
function present(numbers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(numbers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new CommandFailure(
      EXIT.usage,
      `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
