import type { ListQuery, Page, WriteOptions, Written } from '@parkade/admin';
import type { Refused } from '@parkade/rpc';
import { Type } from 'typebox';
import type { RouteRights } from '../http/caller.js';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, tagged } from '../http/revisions.js';
import { pageAnswer, respond } from './answers.js';
import type { Api } from './rest-api.js';
import { count, ifMatch, listQuery, noQuery, problems, resourceId } from './schemas/common.js';

/** Things of a tenant (or of the cluster) that are written whole, in the words of settings documents. */
export interface Documents {
  /** Whom they serve; absent: who may view or administer the tenant. */
  readonly rights?: RouteRights;
  /** `/lots` */
  readonly path: string;
  readonly tag: string;
  /** `a lot`, `Lot` */
  readonly noun: string;
  readonly name: string;
  readonly fields: string;
  readonly list: (tenantId: string, query: ListQuery) => Promise<Page<object> | Refused> | Page<object> | Refused;
  readonly show: (tenantId: string, id: string) => Promise<Written<object> | Refused>;
  readonly put: (
    tenantId: string,
    id: string,
    input: unknown,
    options: WriteOptions,
  ) => Promise<Written<object> | Refused>;
  readonly destroy: (tenantId: string, id: string, options: WriteOptions) => Promise<Written<undefined> | Refused>;
}

/** List, show, write and delete of one kind of documents. */
export function documentRoutes(api: Api, deps: HttpDeps, documents: Documents): void {
  const { path, tag, noun, name, fields, list, show, put, destroy, rights } = documents;
  const tags = [tag];
  const params = Type.Object({ id: resourceId(noun) });
  const document = (description: string) =>
    Type.Object({}, { additionalProperties: true, description: `${description}, as a settings document has it.` });

  api.get(
    path,
    {
      config: { rights: rights ?? { action: 'view' } },
      schema: {
        tags,
        operationId: `list${name}s`,
        summary: `List ${tag.toLowerCase()}`,
        description: `Filtered and ordered by ${fields}; searched by \`id\`.`,
        querystring: listQuery,
        response: {
          200: Type.Object({ count, items: Type.Array(document(name)) }, { description: 'OK' }),
          ...problems,
        },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => list(tenantId, request.query),
        (page) => pageAnswer(request, reply, page),
      ),
  );

  api.get(
    `${path}/:id`,
    {
      config: { rights: rights ?? { action: 'view' } },
      schema: {
        tags,
        operationId: `show${name}`,
        summary: `Retrieve ${noun}`,
        params,
        querystring: noQuery,
        response: { 200: document('With its defaults filled in'), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => show(tenantId, request.params.id),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    `${path}/:id`,
    {
      config: { rights: rights ?? { action: 'admin' } },
      schema: {
        tags,
        operationId: `put${name}`,
        summary: `Create or replace ${noun}`,
        description: 'Written whole: what is left out gets its default. `If-Match: "0"`: only where there is none.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        body: document('Its settings'),
        response: { 200: document('With its defaults filled in'), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => atRevision(request, (options) => put(tenantId, request.params.id, request.body, options)),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    `${path}/:id/destroy`,
    {
      config: { rights: rights ?? { action: 'admin' } },
      schema: {
        tags,
        operationId: `delete${name}`,
        summary: `Delete ${noun}`,
        description: 'Refused while something of the tenant names it.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        response: { 204: Type.Null({ description: 'No Content' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => atRevision(request, (options) => destroy(tenantId, request.params.id, options)),
        () => void reply.code(204),
      ),
  );
}
