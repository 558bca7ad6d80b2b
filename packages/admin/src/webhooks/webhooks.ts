import type { Clock, Random } from '@parkade/clock';
import { isName, keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import {
  type Endpoint,
  type EndpointName,
  endpointView,
  type EndpointView,
  MAX_ENDPOINTS,
  newSecret,
  parseEndpoint,
  SECRET_OVERLAP_MS,
} from '@parkade/records';
import { Refused } from '@parkade/rpc';
import { decodeJson, encodeJson } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import { invalid, invalidField, tooMany } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import { storing } from '../storing.js';
import type { TenantWriter, Written } from '../tenant-writer.js';

/**
 * What makes an endpoint, or replaces one. Without a secret it keeps the one it has, or gets a new one; `rotate_secret` makes a new
 * one in any case. The one before a changed one signs, too, for a day.
 */
export interface EndpointInput {
  readonly url: string;
  readonly secret?: string | undefined;
  readonly rotate_secret?: boolean | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
}

/** An endpoint as it was written. `secret` only where it was made by this very write: it is told once. */
export interface WrittenEndpoint extends EndpointView {
  readonly secret?: string;
}

/** The endpoints of tenants to which events are posted. */
export class Webhooks {
  constructor(
    private readonly deps: {
      readonly store: Store;
      readonly writer: TenantWriter;
      readonly clock: Clock;
      readonly random: Random;
    },
  ) {}

  async list(tenantId: string): Promise<readonly EndpointView[] | Refused> {
    const range = prefixRange(keys.tenantWebhooks(tenantId));
    const found = await storing(() => this.deps.store.range(range, { limit: MAX_ENDPOINTS }));
    if (found instanceof Refused) return found;
    return found.kvs.flatMap(({ value }) => {
      const endpoint = decoded(value);
      return endpoint === undefined ? [] : [endpointView(endpoint)];
    });
  }

  async show(tenantId: string, id: string): Promise<Written<EndpointView> | Refused> {
    const found = await this.#find(tenantId, id);
    return found instanceof Refused ? found : { ...found, value: endpointView(found.value) };
  }

  /** Under what its queue and its dead letters are kept. */
  async nameOf(tenantId: string, id: string): Promise<EndpointName | Refused> {
    const found = await this.#find(tenantId, id);
    return found instanceof Refused ? found : { tenant: tenantId, id, key: found.value.key };
  }

  /** Makes it, or replaces what there is. Events are posted from then on. */
  async put(
    tenantId: string,
    id: string,
    input: EndpointInput,
    options: WriteOptions = {},
  ): Promise<Written<WrittenEndpoint> | Refused> {
    const { store, writer, clock, random } = this.deps;
    if (input.secret !== undefined && input.rotate_secret === true) {
      return invalidField('rotate_secret', 'makes a new secret: give the one or the other');
    }
    if (!isName(id)) return invalidField('id', 'must be 1 to 64 printable ASCII characters without blanks');
    const range = prefixRange(keys.tenantWebhooks(tenantId));
    const standing = await storing(() => store.range(range, { keysOnly: true }));
    if (standing instanceof Refused) return standing;
    const key = keys.webhook(tenantId, id);
    return writer.write(tenantId, [key], ({ at }) => {
      const stored = at(key);
      const refused = unexpected(options, stored?.revision ?? 0);
      if (refused !== undefined) return refused;
      if (stored === undefined && standing.kvs.length >= MAX_ENDPOINTS) return tooMany('webhooks', MAX_ENDPOINTS);
      const before = stored === undefined ? undefined : parseEndpoint(stored.json);
      const kept = before?.ok === true ? before.value : undefined;
      const wantsNew = kept === undefined ? input.secret === undefined : input.rotate_secret === true;
      const made = wantsNew ? newSecret(random) : undefined;
      const secret = input.secret ?? made ?? kept?.secret ?? '';
      const { url, kinds = [], enabled = true } = input;
      const checked = parseEndpoint({
        ...{ id, url, kinds, enabled },
        secret,
        previous: previousOf(kept, secret, clock.nowMs()),
        key: kept?.key ?? Buffer.from(random.bytes(8)).toString('hex'),
      });
      if (!checked.ok) return invalid(checked.issues);
      const value = { ...endpointView(checked.value), ...(made === undefined ? {} : { secret: made }) };
      return { value, ops: [{ kind: 'put', key, value: encodeJson(checked.value) }] };
    });
  }

  async destroy(tenantId: string, id: string, options: WriteOptions = {}): Promise<Written<undefined> | Refused> {
    const key = keys.webhook(tenantId, id);
    return this.deps.writer.write(tenantId, [key], ({ at }) => {
      const stored = at(key);
      if (stored === undefined) return webhookNotFound(id);
      const refused = unexpected(options, stored.revision);
      if (refused !== undefined) return refused;
      return { value: undefined, ops: [{ kind: 'delete', range: { start: key } }] };
    });
  }

  async #find(tenantId: string, id: string): Promise<Written<Endpoint> | Refused> {
    const stored = await this.deps.writer.read(keys.webhook(tenantId, id));
    if (stored instanceof Refused) return stored;
    const endpoint = stored === undefined ? undefined : parseEndpoint(stored.json);
    if (stored === undefined || endpoint?.ok !== true) return webhookNotFound(id);
    return { value: endpoint.value, revision: stored.revision };
  }
}

/** What signs besides: the secret that is changed now, for a day; else the one that was, while its day is not over. */
function previousOf(kept: Endpoint | undefined, secret: string, nowMs: number): Endpoint['previous'] {
  if (kept === undefined) return undefined;
  if (kept.secret !== secret) return { secret: kept.secret, until_ms: nowMs + SECRET_OVERLAP_MS };
  return kept.previous !== undefined && kept.previous.until_ms > nowMs ? kept.previous : undefined;
}

export function webhookNotFound(id: string): Refused {
  return new Refused(Reason.WEBHOOK_NOT_FOUND, `There is no webhook ${id}.`, { id });
}

function decoded(value: Uint8Array): Endpoint | undefined {
  const json = decodeJson(value);
  const endpoint = json.ok ? parseEndpoint(json.value) : json;
  return endpoint.ok ? endpoint.value : undefined;
}
