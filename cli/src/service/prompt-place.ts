import { type Blobs, DirectoryBlobs } from '@parkade/admin';
import { NatsObjects } from '@parkade/bus';
import type { Clock } from '@parkade/clock';
import type { FlagReader } from '../flags/flag-reader.js';
import { type BackendConfig, natsTlsOf } from './backends.js';

/** The bucket of NATS' Object Store that holds the prompt files of tenants. */
const BUCKET = 'parkade-prompt-files';

/** Where prompt files are kept: a directory, or the bus's own server. */
export type PromptPlace = { readonly directory: string } | { readonly nats: string };

/** `--prompt-files`; undefined: nowhere. A fault stays with the reader. */
export function readPromptPlace(reader: FlagReader, { nats }: BackendConfig): PromptPlace | undefined {
  const text = reader.text('promptFiles');
  if (text === undefined) return undefined;
  if (text !== 'nats') return { directory: text };
  if (nats === undefined) reader.fault('--prompt-files nats needs --nats: the server that shall keep them');
  return { nats: nats ?? '' };
}

/** Opens the place. `close` ends its connection, where it has one. */
export function openPromptPlace(
  place: PromptPlace | undefined,
  { natsTls }: BackendConfig,
  clock: Clock,
): { readonly blobs: Blobs | undefined; close(): Promise<void> } {
  if (place === undefined) return { blobs: undefined, close: () => Promise.resolve() };
  if ('directory' in place) return { blobs: new DirectoryBlobs(place.directory), close: () => Promise.resolve() };
  const nats = natsTls === undefined ? undefined : { tls: natsTlsOf(natsTls) };
  const objects = new NatsObjects(place.nats, BUCKET, { clock, nats });
  return { blobs: objects, close: () => objects.close() };
}
