import { createHash } from 'node:crypto';
import { type Checked, check } from '@parkade/settings';
import { z } from 'zod';

/** A prompt file is at most this long: over three minutes of telephone sound, in bytes. */
export const MAX_PROMPT_FILE_BYTES = 3 * 1024 * 1024;

/** What prompt files may be, by what they begin with. */
export const PROMPT_FILE_TYPES = ['audio/wav', 'audio/mpeg'] as const;
export type PromptFileType = (typeof PROMPT_FILE_TYPES)[number];

const promptFileSchema = z.strictObject({
  id: z.string().min(1).max(64),
  name: z.string().regex(/^[^\p{Cc}/\\]{1,128}$/u, {
    error: 'must be 1 to 128 characters without / and \\',
  }),
  content_type: z.enum(PROMPT_FILE_TYPES),
  size: z.number().int().min(1).max(MAX_PROMPT_FILE_BYTES),
  /** Of its bytes, in hex; absent: it was uploaded before this was kept. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

/** What is known of a prompt file: a sound that parked callers hear. Its size is in bytes. */
export type PromptFile = z.output<typeof promptFileSchema>;

/** Reads what is stored of a prompt file. */
export function parsePromptFile(json: unknown): Checked<PromptFile> {
  return check(promptFileSchema, json);
}

/** The SHA-256 of bytes or text, in hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Under what the bytes of a file are kept: no two tenants share a name, whatever ids they choose for their files, and no two
 * contents do.
 */
export function blobName(tenantId: string, file: Pick<PromptFile, 'id' | 'sha256'>): string {
  return file.sha256 === undefined ? file.id : sha256(JSON.stringify([tenantId, file.id, file.sha256]));
}

/** Where it can be fetched, relative to the API. */
export function promptFileUrl(id: string): string {
  return `/prompt_files/${encodeURIComponent(id)}/content`;
}

/** What bytes are, by their beginning: RIFF WAVE, or MPEG with or without ID3; undefined: neither. */
export function typeOf(bytes: Uint8Array): PromptFileType | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 12)).toString('latin1');
  if (text.startsWith('RIFF') && text.slice(8) === 'WAVE') return 'audio/wav';
  const frame = bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0;
  return text.startsWith('ID3') || frame ? 'audio/mpeg' : undefined;
}
