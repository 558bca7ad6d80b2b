import { type PromptFile, parsePromptFile, SignedLinks } from '@parkade/admin';
import { type Clock, sleep } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { Log } from '@parkade/rpc';
import { decodeJson, type SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { namedPrompts } from './named-prompts.js';
import type { PromptDirectory } from './prompt-directory.js';
import { fetchPrompt } from './fetch-prompt.js';

/** After a round in which a file could not be had, the next comes after this, in ms. */
const RETRY_MS = 10_000;
/** Settings that change one after the other are looked at together, in ms. */
const SETTLE_MS = 50;

export interface PromptFilesDeps {
  readonly store: Store;
  readonly settings: SettingsCache;
  readonly directory: PromptDirectory;
  /** The REST API of the gateways: `http://host:port`. */
  readonly source: string;
  /** Tenants whose calls come to this process. */
  readonly tenants: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of a prompt id: a file of the tenant, by its name in the directory, or none of ours. */
type Known = { readonly kind: 'file'; readonly name: string } | { readonly kind: 'elsewhere' };

/**
 * The prompt files that the settings of tenants name, fetched before a call needs them, through signed links.
 *
 *   Q1. What is played is whole and is what was uploaded: see `PromptDirectory`.
 *   Q2. A file that is not there yet, or cannot be had, is told as missing, and tried again; nobody waits for it.
 *   Q3. A name that is no file of the tenant's is the switch's own.
 */
export class PromptFiles {
  readonly #links: SignedLinks;
  readonly #known = new Map<string, Known>();
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #woken = false;
  #run: Promise<void> = Promise.resolve();
  #unfollow: () => void = () => undefined;

  constructor(private readonly deps: PromptFilesDeps) {
    this.#links = new SignedLinks(deps);
  }

  start(): void {
    const { settings, tenants } = this.deps;
    this.#unfollow = settings.onChange((change) => {
      if (change.kind === 'system' || tenants.has(change.tenantId)) this.#look();
    });
    this.#run = this.#rounds();
  }

  /** Where the switch finds it; `elsewhere`: it is no file of ours; undefined: it is not there yet. */
  at(tenantId: string, promptFileId: string): { readonly path: string } | 'elsewhere' | undefined {
    const known = this.#known.get(keys.promptFile(tenantId, promptFileId));
    if (known === undefined) return undefined;
    if (known.kind === 'elsewhere') return 'elsewhere';
    const path = this.deps.directory.path(known.name);
    return path === undefined ? undefined : { path };
  }

  async close(): Promise<void> {
    this.#unfollow();
    this.#stop.abort();
    this.#look();
    await this.#run;
  }

  #look(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Asked after an `await`, when settings may have changed, or it was closed. */
  #isWoken(): boolean {
    return this.#woken || this.#stop.signal.aborted;
  }

  async #rounds(): Promise<void> {
    const { clock } = this.deps;
    while (!this.#stop.signal.aborted) {
      this.#woken = false;
      const missing = await this.#round();
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      const pause = new AbortController();
      if (!this.#isWoken()) {
        await Promise.race(missing ? [changed, sleep(clock, RETRY_MS, pause.signal)] : [changed]);
      }
      pause.abort();
      await sleep(clock, SETTLE_MS, this.#stop.signal);
    }
  }

  /** Looks up what is named, and fetches what is not there. Resolves to whether something could not be had. Never rejects. */
  async #round(): Promise<boolean> {
    const { settings, directory, tenants, log } = this.deps;
    const named = [...tenants].flatMap((tenantId) =>
      namedPrompts(settings.tenant(tenantId)).map((id) => ({ tenantId, id, key: keys.promptFile(tenantId, id) })),
    );
    const wanted = new Map<string, { readonly tenantId: string; readonly file: PromptFile }>();
    let missing = false;
    for (const { tenantId, id, key } of named) {
      try {
        const file = await this.#file(key);
        const name = file === undefined ? undefined : directory.nameOf(file);
        if (file !== undefined && name === undefined) log.warn('a prompt file is too old to be fetched', { id });
        this.#known.set(key, name === undefined ? { kind: 'elsewhere' } : { kind: 'file', name });
        if (file !== undefined && name !== undefined) wanted.set(name, { tenantId, file });
      } catch (error) {
        missing = true;
        log.warn('a prompt file could not be looked up', { id, error: String(error) });
      }
    }
    const now = new Set(named.map(({ key }) => key));
    for (const key of this.#known.keys()) if (!now.has(key)) this.#known.delete(key);
    for (const [name, { tenantId, file }] of wanted) {
      if (directory.path(name) !== undefined || this.#stop.signal.aborted) continue;
      try {
        const link = `${this.deps.source}/api/linked_prompt_files/${encodeURIComponent(tenantId)}/${encodeURIComponent(file.id)}`;
        const bytes = await fetchPrompt(
          `${link}?${await this.#links.query(tenantId, file.id)}`,
          file,
          this.#stop.signal,
        );
        await directory.put(name, bytes, new Set(wanted.keys()));
      } catch (error) {
        missing = true;
        log.warn('a prompt file could not be fetched', { id: file.id, error: String(error) });
      }
    }
    return missing;
  }

  /** What the store knows of it; undefined: it is no file of the tenant. */
  async #file(key: string): Promise<PromptFile | undefined> {
    const kv = await this.deps.store.get(key);
    if (kv === undefined) return undefined;
    const json = decodeJson(kv.value);
    const file = json.ok ? parsePromptFile(json.value) : json;
    return file.ok ? file.value : undefined;
  }
}
