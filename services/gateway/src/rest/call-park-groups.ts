import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, hasAlready, tagged } from '../http/revisions.js';
import { pageAnswer, respond } from './answers.js';
import type { Api } from './rest-api.js';
import { group, groupCreate, groupUpdate } from './schemas/call-park.js';
import { count, ifMatch, listQuery, noQuery, problems, resourceId } from './schemas/common.js';

const tags = ['Call Park'];
const params = Type.Object({ id: resourceId('the call park group') });

/** `/call_park_groups`: the call park groups of the tenant. */
export function callParkGroupRoutes(api: Api, deps: HttpDeps): void {
  const { admin } = deps;
  const { groups } = admin;

  api.get(
    '/call_park_groups',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'listCallParkGroups',
        summary: 'List call park groups',
        description:
          'In the order of `orderby`, then of their making. Filtered and ordered by `id`, `name`, `recall_to`, `ring_group_id`, ' +
          '`enabled`, `draining`; searched by `name`.',
        querystring: listQuery,
        response: { 200: Type.Object({ count, items: Type.Array(group) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => admin.listGroups(tenantId, request.query),
        (page) => pageAnswer(request, reply, page),
      ),
  );

  api.post(
    '/call_park_groups',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'createCallParkGroup',
        summary: 'Create a call park group',
        querystring: noQuery,
        body: groupCreate,
        response: {
          201: Type.Object({ id: resourceId('call park group') }, { description: 'Created call park group' }),
          ...problems,
        },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => groups.create(tenantId, request.body),
        ({ value, revision }) => {
          tagged(reply, revision);
          void reply.code(201).header('location', `/api/call_park_groups/${value.id}`);
          return { id: value.id };
        },
      ),
  );

  api.get(
    '/call_park_groups/:id',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'showCallParkGroup',
        summary: 'Retrieve a call park group',
        params,
        querystring: noQuery,
        response: { 200: { ...group, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => groups.show(tenantId, request.params.id),
        ({ value, revision }) => {
          tagged(reply, revision);
          if (!hasAlready(request, revision)) return value;
          void reply.code(304);
          return undefined;
        },
      ),
  );

  api.post(
    '/call_park_groups/:id',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'updateCallParkGroup',
        summary: 'Update an call park group.',
        description:
          'Changes what it names, for calls that are parked from now on. `recall_to` `USER_ONLY` takes the ring group away.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        body: groupUpdate,
        response: { 200: Type.Null({ description: 'Updated call park group' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) =>
          atRevision(request, (options) => groups.update(tenantId, request.params.id, request.body, options)),
        ({ revision }) => {
          tagged(reply, revision);
          return undefined;
        },
      ),
  );

  api.post(
    '/call_park_groups/:id/destroy',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'deleteCallParkGroup',
        summary: 'Delete a call park group',
        description: 'A group with calls parked takes no more, and goes with the last of them.',
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
        ({ tenantId }) => atRevision(request, (options) => groups.destroy(tenantId, request.params.id, options)),
        () => void reply.code(204),
      ),
  );
}
