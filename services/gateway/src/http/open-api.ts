import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { problemSchema } from './problem.js';

const DESCRIPTION = `Administration of a tenant: its call park server, groups and members, users, ring groups and lots.

The tenant is the one the bearer token is for; a token for several names it in the header \`parkade-tenant\`. Errors are
\`application/problem+json\` (RFC 9457). What can be changed has an \`ETag\`, and \`If-Match\` makes a change depend on it.`;

/** The API's own document, made from its routes: \`/api/openapi.json\`, and a page to browse it at \`/api/docs\`. */
export async function openApi(app: FastifyInstance): Promise<void> {
  app.addSchema(problemSchema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Parkade REST API', version: '1.0', description: DESCRIPTION },
      servers: [{ url: '/api' }],
      tags: [
        { name: 'Call Park', description: 'The call park server, and its groups.' },
        { name: 'Users', description: 'Users, by their extension.' },
        { name: 'Ring Groups', description: 'Who is rung together for a call that comes back.' },
        { name: 'Slots', description: 'What is parked just now.' },
        { name: 'Parks', description: 'Single calls: parked, retrieved, moved.' },
        { name: 'Lots', description: 'Named sets of slots.' },
        { name: 'Prompt Files', description: 'Sounds that parked callers hear.' },
        { name: 'Flows', description: 'Call flows: what their `park` nodes do.' },
        { name: 'Tenant', description: "The tenant's own settings, and its feature codes." },
        { name: 'Tenants', description: 'All tenants of the cluster; for its operators.' },
      ],
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${i}`,
    },
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true });
  app.get('/api/openapi.json', { schema: { hide: true } }, (_request, reply) => reply.send(app.swagger()));
}
