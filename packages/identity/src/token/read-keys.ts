import { readFile, stat } from 'node:fs/promises';
import type { ReadKeys } from './key-set.js';

const MAX_DOCUMENT_BYTES = 1024 * 1024;

/**
 * How the keys at `source` are read: a file, or a URL. Throws where the URL would bring them unprotected over a network: whoever
 * can change the keys can make tokens.
 */
export function readKeys(source: string): ReadKeys {
  if (!/^https?:/i.test(source)) return (signal) => fromFile(source, signal);
  const url = new URL(source);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !local) {
    throw new Error(`Keys are read over https: alone (or http: on loopback), not from ${url.origin}`);
  }
  return (signal) => fromUrl(url, signal);
}

async function fromFile(path: string, signal: AbortSignal): Promise<unknown> {
  if ((await stat(path)).size > MAX_DOCUMENT_BYTES)
    throw new Error(`${path} is larger than ${MAX_DOCUMENT_BYTES} bytes`);
  return JSON.parse(await readFile(path, { encoding: 'utf8', signal }));
}

async function fromUrl(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { redirect: 'error', signal, headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`${url.origin}${url.pathname} answers ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw new Error(`${url.origin} answers with more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
