import type { Clock, Random } from '@parkade/clock';
import { keys, newRequestId } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { decodeJson, encodeJson, type TenantView } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import type { AdminLimits } from '../limits.js';
import { inUse, invalid, invalidField, tooMany } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import { storing } from '../storing.js';
import type { TenantWriter, Written } from '../tenant-writer.js';
import type { Blobs } from './blobs.js';
import { SignedLinks } from './links.js';
import { blobName, MAX_PROMPT_FILE_BYTES, parsePromptFile, type PromptFile, sha256, typeOf } from './prompt-file.js';

/**
 * The prompt files of tenants: what is known of them in the store, their bytes beside it.
 *
 *   A10. A file that is known has its bytes: they are written before it is known, and go after it.
 *   A13. A file never changes under its id, and no tenant reaches the bytes of another's by choosing its id.
 *   A11. A file that is named by the tenant's own settings, or by a lot, is not deleted.
 */
export class PromptFiles {
  readonly #links: SignedLinks;

  constructor(
    private readonly deps: {
      readonly store: Store;
      readonly writer: TenantWriter;
      /** Undefined: no place for files was given. */
      readonly blobs: Blobs | undefined;
      readonly limits: AdminLimits;
      readonly clock: Clock;
      readonly random: Random;
    },
  ) {
    this.#links = new SignedLinks(deps);
  }

  async create(
    tenantId: string,
    name: string,
    bytes: Uint8Array,
    id = newRequestId(this.deps.clock.nowMs(), this.deps.random),
  ): Promise<Written<PromptFile> | Refused> {
    const { blobs, writer, limits } = this.deps;
    if (blobs === undefined) return noPlace();
    if (bytes.byteLength > MAX_PROMPT_FILE_BYTES) {
      return new Refused(Reason.TOO_LARGE, `A prompt file has at most ${MAX_PROMPT_FILE_BYTES} bytes.`);
    }
    const type = typeOf(bytes);
    if (type === undefined) return invalidField('content', 'must be a WAV or MPEG sound');
    const checked = parsePromptFile({ id, name, content_type: type, size: bytes.byteLength, sha256: sha256(bytes) });
    if (!checked.ok) return invalid(checked.issues);
    const all = await this.all(tenantId);
    if (all instanceof Refused) return all;
    if (all.length >= limits.maxPromptFiles) return tooMany('prompt files', limits.maxPromptFiles);
    const blob = blobName(tenantId, checked.value);
    const kept = await placed(() => blobs.put(blob, bytes));
    if (kept instanceof Refused) return kept;
    const key = keys.promptFile(tenantId, id);
    const written = await writer.write(tenantId, [key], ({ at }) => {
      const stored = at(key);
      const before = stored === undefined ? undefined : parsePromptFile(stored.json);
      if (before?.ok === true && before.value.sha256 !== checked.value.sha256) return anotherFile(id);
      return { value: checked.value, ops: [{ kind: 'put' as const, key, value: encodeJson(checked.value) }] };
    });
    // Where the outcome is not known the bytes stay: a file must never be without them.
    if (written instanceof Refused && written.reason !== Reason.STORE_UNAVAILABLE)
      await placed(() => blobs.delete(blob));
    return written;
  }

  async show(tenantId: string, id: string): Promise<Written<PromptFile> | Refused> {
    const stored = await this.deps.writer.read(keys.promptFile(tenantId, id));
    if (stored instanceof Refused) return stored;
    const file = stored === undefined ? undefined : parsePromptFile(stored.json);
    return file?.ok === true ? { value: file.value, revision: stored?.revision ?? 0 } : notFound(id);
  }

  /** All of a tenant, in the order of their making. */
  async all(tenantId: string): Promise<readonly PromptFile[] | Refused> {
    const found = await storing(() => this.deps.store.range(prefixRange(keys.promptFiles(tenantId))));
    if (found instanceof Refused) return found;
    return found.kvs.flatMap(({ value }) => {
      const json = decodeJson(value);
      const file = json.ok ? parsePromptFile(json.value) : json;
      return file.ok ? [file.value] : [];
    });
  }

  /** The bytes of a file. */
  async content(
    tenantId: string,
    id: string,
  ): Promise<{ readonly file: PromptFile; readonly bytes: Uint8Array } | Refused> {
    const found = await this.show(tenantId, id);
    if (found instanceof Refused) return found;
    const bytes = await placed(async () => this.deps.blobs?.get(blobName(tenantId, found.value)));
    if (bytes instanceof Refused) return bytes;
    return bytes === undefined ? noPlace() : { file: found.value, bytes };
  }

  async destroy(tenantId: string, id: string, options: WriteOptions = {}): Promise<Written<undefined> | Refused> {
    const key = keys.promptFile(tenantId, id);
    let blob = id;
    const deleted = await this.deps.writer.write(tenantId, [key], ({ tenant, at }) => {
      const stored = at(key);
      if (stored === undefined) return notFound(id);
      const refused = unexpected(options, stored.revision);
      if (refused !== undefined) return refused;
      const file = parsePromptFile(stored.json);
      if (file.ok) blob = blobName(tenantId, file.value);
      const user = userOf(tenant, id);
      if (user !== undefined) return inUse(`The prompt file ${id}`, user);
      return { value: undefined, ops: [{ kind: 'delete' as const, range: { start: key } }] };
    });
    // Bytes that nobody knows of do no harm: where they cannot be deleted now, they stay.
    if (!(deleted instanceof Refused)) await placed(async () => this.deps.blobs?.delete(blob));
    return deleted;
  }

  /** A link, relative to the API, with which the file can be fetched without a token, as media nodes do. */
  async link(tenantId: string, id: string): Promise<string | Refused> {
    const query = await storing(() => this.#links.query(tenantId, id));
    if (query instanceof Refused) return query;
    return `/linked_prompt_files/${encodeURIComponent(tenantId)}/${encodeURIComponent(id)}?${query}`;
  }

  /** The bytes of a file, for whoever has a link. A link that is not good is answered as a file that is not there. */
  async linked(
    tenantId: string,
    id: string,
    expires: number,
    signature: string,
  ): Promise<{ readonly file: PromptFile; readonly bytes: Uint8Array } | Refused> {
    const good = await storing(() => this.#links.isGood(tenantId, id, expires, signature));
    if (good instanceof Refused) return good;
    return good ? this.content(tenantId, id) : notFound(id);
  }
}

/** What of the tenant names a file; undefined: nothing. */
function userOf(tenant: TenantView, id: string): string | undefined {
  const { settings } = tenant;
  if (settings.prompt_file_id === id || settings.hold?.prompt_file_id === id) return 'the tenant';
  const lot = tenant
    .lots()
    .find((one) =>
      [one.hold, ...Object.values(one.slots).map(({ hold }) => hold)].some((hold) => hold?.prompt_file_id === id),
    );
  return lot === undefined ? undefined : `the lot ${lot.lot_id}`;
}

function notFound(id: string): Refused {
  return new Refused(Reason.PROMPT_FILE_NOT_FOUND, `There is no prompt file ${id}.`, { prompt_file_id: id });
}

/** What the place of files does, or that it does not answer. */
async function placed<T>(work: () => Promise<T>): Promise<T | Refused> {
  try {
    return await work();
  } catch {
    return new Refused(Reason.STORE_UNAVAILABLE, 'The place of the prompt files does not answer; retry.');
  }
}

function anotherFile(id: string): Refused {
  const message = `There is another file under ${id}: a request id is for one file alone. Upload it with a new one.`;
  return new Refused(Reason.REQUEST_ID_REUSED, message, { prompt_file_id: id });
}

function noPlace(): Refused {
  return new Refused(Reason.DISABLED, 'There is no place for prompt files: start the gateways with --prompt-files.');
}
