import { MAX_PROMPT_FILE_BYTES, type PromptFile, sha256 } from '@parkade/admin';

/** How long one file may take, in ms. */
const TIMEOUT_MS = 15_000;

/**
 * The bytes at a link. Rejects where they are not those of the file (size and SHA-256), where they are more than a prompt file may
 * have, or do not come in time. Redirects are not followed.
 */
export async function fetchPrompt(
  url: string,
  file: Pick<PromptFile, 'size' | 'sha256'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const answer = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const bytes = Buffer.concat(await bounded(answer));
  if (!answer.ok) throw new Error(`the gateway answered ${answer.status}`);
  if (bytes.byteLength !== file.size || sha256(bytes) !== file.sha256) {
    throw new Error('the gateway gave other bytes than were uploaded');
  }
  return bytes;
}

async function bounded({ body }: Response): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array;
    if ((size += bytes.byteLength) > MAX_PROMPT_FILE_BYTES)
      throw new Error('the gateway gave more than a prompt file has');
    chunks.push(bytes);
  }
  return chunks;
}
