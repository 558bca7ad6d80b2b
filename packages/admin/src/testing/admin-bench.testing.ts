import { SystemClock, SystemRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { putTenant, SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { Admin } from '../admin.js';
import type { Group } from '../groups/group.js';
import type { AdminLimits } from '../limits.js';
import type { ParkedCalls } from '../parked-calls.js';
import { MemoryBlobs } from '../prompt-files/blobs.js';

export const TENANT = 'acme';

/** Calls that a test says are parked: `group extension`. */
export class SaidParked implements ParkedCalls {
  readonly calls = new Set<string>();
  /** Slots with calls that only a lot of this spread finds: `lot slot spread`. */
  readonly placed = new Set<string>();
  /** Nobody can be asked. */
  away = false;

  ofGroup(_tenantId: string, groupId: string, extensions: readonly string[]): Promise<ReadonlySet<string> | Refused> {
    if (this.away) return Promise.resolve(new Refused(Reason.NO_OWNER, 'away'));
    return Promise.resolve(new Set(extensions.filter((extension) => this.calls.has(`${groupId} ${extension}`))));
  }

  misplaced(_tenantId: string, lotId: string, spread: number): Promise<string | undefined | Refused> {
    if (this.away) return Promise.resolve(new Refused(Reason.NO_OWNER, 'away'));
    const all = [...this.placed].map((each) => each.split(' '));
    return Promise.resolve(all.find(([lot, , found]) => lot === lotId && found !== String(spread))?.[1]);
  }
}

/** Several processes that administer the same tenants, each with settings of its own that follow the store. */
export class AdminBench {
  readonly parked = new SaidParked();
  readonly blobs = new MemoryBlobs();
  readonly admins: Admin[] = [];
  readonly #caches: SettingsCache[] = [];

  private constructor(readonly store: Store) {}

  /** With the tenant `acme` and its users 101 to 109. The store is not closed. */
  static async start(
    store: Store,
    processes = 1,
    options: { readonly limits?: Partial<AdminLimits> } = {},
  ): Promise<AdminBench> {
    const bench = new AdminBench(store);
    await putTenant(store, TENANT, {});
    const clock = new SystemClock();
    for (let i = 0; i < processes; i++) {
      const settings = new SettingsCache({}, { store, clock });
      await settings.start();
      bench.#caches.push(settings);
      const deps = {
        store,
        settings,
        clock,
        random: new SystemRandom(),
        parked: bench.parked,
        blobs: bench.blobs,
        ...options,
      };
      bench.admins.push(new Admin(deps));
    }
    for (let number = 101; number <= 109; number++) {
      done(await bench.admin.users.create(TENANT, { name: `user${number}`, extension_number: String(number) }));
    }
    return bench;
  }

  /** A prompt file of 1,234 bytes under this id. */
  async promptFile(id: string): Promise<void> {
    const bytes = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), Buffer.alloc(1_222)]);
    done(await this.admin.promptFiles.create(TENANT, 'hold.wav', bytes, id));
  }

  get admin(): Admin {
    return this.process(0);
  }

  process(index: number): Admin {
    const admin = this.admins[index % this.admins.length];
    if (admin === undefined) throw new Error('there is no process');
    return admin;
  }

  async group(name: string, extensions: readonly string[] = []): Promise<Group> {
    const { value } = done(await this.admin.groups.create(TENANT, { name }));
    for (const extension of extensions) done(await this.admin.members.add(TENANT, value.id, extension));
    return value;
  }

  /** What is stored of all groups: the truth, whatever any process believes. */
  async stored(): Promise<readonly { readonly name?: string; readonly members?: { readonly extension: string }[] }[]> {
    const prefix = keys.groups(TENANT);
    const { kvs } = await this.store.range({ start: prefix, end: `${prefix.slice(0, -1)}0` });
    return kvs.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as never);
  }

  close(): void {
    for (const cache of this.#caches) cache.close();
  }
}

/** What was done; throws where it was refused. */
export function done<T>(result: T | Refused): T {
  if (result instanceof Refused) throw new Error(`${result.name}: ${result.message}`);
  return result;
}

/** `REASON field`; `done` where it was not refused. */
export function refusal(result: unknown): string {
  if (!(result instanceof Refused)) return 'done';
  const { field } = result.metadata;
  return field === undefined ? result.name : `${result.name} ${field}`;
}
