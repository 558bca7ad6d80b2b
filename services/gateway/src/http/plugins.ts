import type { Admin } from '@parkade/admin';
import type { Authenticator } from '@parkade/identity';
import type { Actor, GetParkRequest, GetParkResponse, ListSlotsRequest, ListSlotsResponse } from '@parkade/proto';
import type { LotOf, Refused } from '@parkade/rpc';
import type { FastifyInstance } from 'fastify';
import { board } from '../board/board.js';
import type { BoardDeps } from '../board/board-deps.js';
import type { PublicAnswer, PublicCommand } from '../commands/public-command.js';
import type { RecordReads } from '../records/record-reads.js';
import { linkedPromptFiles } from '../rest/prompt-files.js';
import { restApi } from '../rest/rest-api.js';
import { authenticated } from './caller.js';
import { openApi } from './open-api.js';

/** What the HTTP server's plugins work with. */
export interface HttpDeps {
  readonly admin: Admin;
  readonly authenticator: Authenticator;
  /** Undefined when the tenant exists (or was made), else why not. */
  readonly tenant: (tenantId: string) => undefined | Promise<undefined | Refused>;
  /** A page of the slots in use, as `ListSlots` answers it. */
  readonly listSlots: (request: ListSlotsRequest) => Promise<ListSlotsResponse | Refused>;
  /** A park, as `GetPark` answers it. */
  readonly getPark: (request: GetParkRequest) => Promise<GetParkResponse | Refused>;
  /** Does a command of ParkService. `by`: who asks, for the audit. */
  readonly execute: (command: PublicCommand, by: Actor | undefined) => Promise<PublicAnswer | Refused>;
  readonly lotOf: LotOf;
  /** What is recorded. */
  readonly records: RecordReads;
  /** Runs a request's work unless there is too much to do, or the process is shutting down. */
  readonly run: <T>(work: () => Promise<T | Refused>) => Promise<T | Refused>;
  readonly onDefect: (error: unknown) => void;
  /** What the park board needs beside these; undefined: it is not served. */
  readonly board?: Omit<BoardDeps, 'authenticator' | 'tenant' | 'run' | 'execute' | 'getPark' | 'lotOf'> | undefined;
}

/** Everything the HTTP server serves, registered here and nowhere else. What is added stands beside the API, under its own prefix. */
export async function installPlugins(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  await openApi(app);
  await app.register(
    (api, _options, done) => {
      authenticated(api, deps.authenticator);
      restApi(api, deps);
      done();
    },
    { prefix: '/api' },
  );
  linkedPromptFiles(app, deps);
  const { board: own, ...shared } = deps;
  if (own === undefined) return;
  await app.register((page) => board(page, { ...own, ...shared }), { prefix: '/board' });
}
