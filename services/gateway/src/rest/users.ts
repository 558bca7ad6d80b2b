import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, tagged } from '../http/revisions.js';
import { pageAnswer, respond } from './answers.js';
import type { Api } from './rest-api.js';
import { count, extensionNumber, ifMatch, listQuery, noQuery, problems, resourceId } from './schemas/common.js';

const tags = ['Users'];
const params = Type.Object({ extension_number: extensionNumber });
const name = Type.String({
  minLength: 1,
  maxLength: 64,
  description: "The account's name, unique in the tenant whatever its case: letters, digits and _ - ' .",
});
const displayName = Type.String({ maxLength: 1024, description: 'The display name of user.' });
const user = Type.Object({
  id: resourceId('user'),
  name,
  display_name: displayName,
  extension_number: extensionNumber,
});

/** `/users`: the users of the tenant, by their extension. */
export function userRoutes(api: Api, deps: HttpDeps): void {
  const { admin } = deps;
  const { users } = admin;

  api.get(
    '/users',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'listUsers',
        summary: 'List users',
        description:
          'Filtered and ordered by `id`, `name`, `display_name`, `extension_number`; searched by the last three.',
        querystring: listQuery,
        response: { 200: Type.Object({ count, items: Type.Array(user) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => admin.listUsers(tenantId, request.query),
        (page) => pageAnswer(request, reply, page),
      ),
  );

  api.post(
    '/users',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'createUser',
        summary: 'Create a user',
        querystring: noQuery,
        body: Type.Object(
          { name, display_name: Type.Optional(displayName), extension_number: extensionNumber },
          { additionalProperties: false },
        ),
        response: { 201: { ...user, description: 'Created user' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => users.create(tenantId, request.body),
        ({ value, revision }) => {
          tagged(reply, revision);
          void reply.code(201).header('location', `/api/users/${value.extension_number}`);
          return value;
        },
      ),
  );

  api.get(
    '/users/:extension_number',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'showUser',
        summary: 'Retrieve a user',
        params,
        querystring: noQuery,
        response: { 200: { ...user, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => users.show(tenantId, request.params.extension_number),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    '/users/:extension_number',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'updateUser',
        summary: 'Update a user',
        description: 'Changes what it names; the extension stays.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        body: Type.Object(
          { name: Type.Optional(name), display_name: Type.Optional(displayName) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Null({ description: 'Updated user' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) =>
          atRevision(request, (options) =>
            users.update(tenantId, request.params.extension_number, request.body, options),
          ),
        ({ revision }) => {
          tagged(reply, revision);
          return undefined;
        },
      ),
  );

  api.post(
    '/users/:extension_number/destroy',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'deleteUser',
        summary: 'Delete a user',
        description: 'Who is a member of a group is removed from it first.',
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
        ({ tenantId }) =>
          atRevision(request, (options) => users.destroy(tenantId, request.params.extension_number, options)),
        () => void reply.code(204),
      ),
  );
}
