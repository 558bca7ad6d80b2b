import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, hasAlready, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import type { Api } from './rest-api.js';
import { parkServer, parkServerUpdate } from './schemas/call-park.js';
import { ifMatch, noQuery, problems } from './schemas/common.js';

const tags = ['Call Park'];

/** `/call_park`: the call park server of the tenant. */
export function callParkRoutes(api: Api, deps: HttpDeps): void {
  const { parkServers } = deps.admin;

  api.get(
    '/call_park',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'showCallParkServer',
        summary: 'Retrieve call park server',
        querystring: noQuery,
        response: { 200: { ...parkServer, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => parkServers.show(tenantId),
        ({ value, revision }) => {
          tagged(reply, revision);
          if (!hasAlready(request, revision)) return value;
          void reply.code(304);
          return undefined;
        },
      ),
  );

  api.post(
    '/call_park',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'updateCallParkServer',
        summary: 'Update call park server',
        description: 'Changes what it names, for calls that are parked from now on.',
        querystring: noQuery,
        headers: ifMatch,
        body: parkServerUpdate,
        response: { 200: Type.Null({ description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => atRevision(request, (options) => parkServers.update(tenantId, request.body, options)),
        ({ revision }) => {
          if (revision > 0) tagged(reply, revision);
          return undefined;
        },
      ),
  );
}
