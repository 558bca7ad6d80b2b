import { invalidField } from '@parkade/admin';
import type { Refused } from '@parkade/rpc';
import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import type { Api } from './rest-api.js';
import { member } from './schemas/call-park.js';
import { extensionNumber, ifMatch, noQuery, problems, resourceId } from './schemas/common.js';

const tags = ['Call Park'];
const params = Type.Object({ id: resourceId('the call park group') });
const memberParams = Type.Object({ id: resourceId('the call park group'), extension_number: extensionNumber });

/** `/call_park_groups/{id}/members`: the members of a group, in the order in which they are tried. */
export function callParkMemberRoutes(api: Api, deps: HttpDeps): void {
  const { members } = deps.admin;

  api.get(
    '/call_park_groups/:id/members',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'listCallParkGroupMembers',
        summary: 'List call park group members',
        params,
        querystring: noQuery,
        response: { 200: Type.Object({ items: Type.Array(member) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => members.list(tenantId, request.params.id),
        ({ value, revision }) => {
          tagged(reply, revision);
          return { items: value };
        },
      ),
  );

  api.post(
    '/call_park_groups/:id/members/:extension_number',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'createCallParkGroupMember',
        summary: 'Add call park group member',
        description: 'As the last one. A user is in one group at most; who is in this one already stays where he is.',
        params: memberParams,
        querystring: noQuery,
        headers: ifMatch,
        response: { 200: Type.Null({ description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => {
          const { id, extension_number: extension } = request.params;
          return digits(extension) ?? atRevision(request, (options) => members.add(tenantId, id, extension, options));
        },
        ({ revision }) => {
          if (revision > 0) tagged(reply, revision);
          return undefined;
        },
      ),
  );

  api.post(
    '/call_park_groups/:id/members/:extension_number/destroy',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'deleteCallParkGroupMember',
        summary: 'Delete call park group member',
        description: 'A member with a call of the group takes no more, and goes with it.',
        params: memberParams,
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
        ({ tenantId }) => {
          const { id, extension_number: extension } = request.params;
          return (
            digits(extension) ?? atRevision(request, (options) => members.remove(tenantId, id, extension, options))
          );
        },
        () => void reply.code(204),
      ),
  );
}

/** The contract's pattern is not anchored; its words are. */
function digits(extension: string): Refused | undefined {
  return /^[0-9]+$/.test(extension) ? undefined : invalidField('extension_number', 'must be 3 to 64 digits');
}
