import { EmbeddedBus } from '@parkade/bus';
import { AdminBench } from '@parkade/admin/testing';
import { SystemClock } from '@parkade/clock';
import { type Authenticator, DEFAULT_CLAIM, principalOf, unauthenticated } from '@parkade/identity';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { DEFAULT_SYSTEM } from '@parkade/settings';
import { openEmbeddedStore, type Store } from '@parkade/store';
import type { PublicAnswer, PublicCommand } from '../commands/public-command.js';
import { RecordReads } from '../records/record-reads.js';
import { DEFAULT_HTTP_LIMITS, type HttpServer, startHttpServer } from '../http/http-server.js';

/** Rights of the tokens that tests use. */
const RIGHTS: Readonly<Record<string, unknown>> = {
  admin: { tenants: { acme: { roles: ['admin'] } } },
  viewer: { tenants: { acme: { roles: ['view'] } } },
  other: { tenants: { other: { roles: ['admin'] } } },
  both: { tenants: { acme: { roles: ['admin'] }, other: { roles: ['admin'] } } },
  seller: { tenants: { acme: { lots: { sales: ['view', 'park', 'retrieve'] } } } },
  operator: { operator: true },
};

const authenticator: Authenticator = {
  authenticate: (token = '') =>
    (token in RIGHTS
      ? principalOf({ sub: token, parkade: RIGHTS[token] }, DEFAULT_CLAIM, Number.POSITIVE_INFINITY)
      : undefined) ?? unauthenticated('The token is not valid; get a new one.'),
  close: () => undefined,
};

/** A request to the API. */
export interface RestRequest {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

/** The REST API on an embedded store with the tenant `acme`, listening; what is parked is what a test says. */
export class RestBed {
  readonly defects: unknown[] = [];
  /** What was asked of ParkService. */
  readonly commands: PublicCommand[] = [];
  /** What the next commands are answered with; without one: no such park. */
  readonly answers: PublicAnswer[] = [];
  #server: HttpServer | undefined;

  private constructor(
    readonly bench: AdminBench,
    readonly bus: EmbeddedBus,
    readonly store: Store,
  ) {}

  static async start(): Promise<RestBed> {
    const clock = new SystemClock();
    const bus = new EmbeddedBus({ clock });
    const records = new RecordReads(bus);
    records.begin(DEFAULT_SYSTEM.records, () => undefined);
    const store = await openEmbeddedStore({ clock });
    const bench = await AdminBench.start(store);
    await bench.promptFile('f1');
    const bed = new RestBed(bench, bus, store);
    const server = await startHttpServer(
      { host: '127.0.0.1', port: 0, limits: DEFAULT_HTTP_LIMITS },
      {
        admin: bench.admin,
        authenticator,
        tenant: (id) => (id === 'acme' ? undefined : Promise.resolve(noTenant())),
        records,
        listSlots: ({ tenantId }) =>
          Promise.resolve(tenantId === 'acme' ? { slots: [], nextPageToken: '' } : noTenant()),
        getPark: () => Promise.resolve(noPark()),
        execute: (command) => {
          bed.commands.push(command);
          const answer = bed.answers.shift();
          return Promise.resolve(answer ?? noPark());
        },
        lotOf: (_, parkId) => Promise.resolve(parkId),
        run: (work) => work(),
        onDefect: (error) => bed.defects.push(error),
      },
      clock,
    );
    bed.#server = server;
    return bed;
  }

  get server(): HttpServer {
    if (this.#server === undefined) throw new Error('it does not listen yet');
    return this.#server;
  }

  /** Asks with the administrator's token unless told otherwise; `token: ''` sends none. A body that is text is sent as it is. */
  async ask(
    path: string,
    { method = 'GET', token = 'admin', body, headers = {} }: RestRequest = {},
  ): Promise<RestAnswer> {
    const response = await fetch(`${this.server.url}/api${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  post(path: string, body?: unknown, rest: RestRequest = {}): Promise<RestAnswer> {
    return this.ask(path, { method: 'POST', body, ...rest });
  }

  /** A new group; its id. */
  async group(name: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { json } = await this.post('/call_park_groups', { name, ...fields });
    return (json as { id: string }).id;
  }

  async close(): Promise<void> {
    await this.server.stop(1_000);
    this.bench.close();
    await this.bus.close();
    await this.store.close();
  }
}

function noPark(): Refused {
  return new Refused(Reason.PARK_NOT_FOUND, 'No park.');
}

function noTenant(): Refused {
  return new Refused(Reason.TENANT_NOT_FOUND, 'No tenant.');
}
