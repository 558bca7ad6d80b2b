import type { CodeName } from '@parkade/settings';
import { type TString, Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import type { Api } from './rest-api.js';
import { ifMatch, noQuery, problems } from './schemas/common.js';

const tags = ['Tenant'];

const MEANINGS: Readonly<Record<CodeName, string>> = {
  auto: 'With a slot: fetch from it, or park in it. Alone: park in the next slot.',
  park_next: 'Park in the next free slot.',
  retrieve: 'With a slot: fetch from it.',
  park_extension: 'With an extension, or alone for one’s own: park there.',
  park_group: 'Park at the first free member of one’s group.',
  retrieve_extension: 'With an extension, or alone for one’s own: fetch from there.',
};

const code = (name: CodeName): TString =>
  Type.String({
    maxLength: 16,
    pattern: '^([*#][*#0-9]{0,15})?$',
    description: `${MEANINGS[name]} Empty: not used.`,
  });
const codes = {
  auto: code('auto'),
  park_next: code('park_next'),
  retrieve: code('retrieve'),
  park_extension: code('park_extension'),
  park_group: code('park_group'),
  retrieve_extension: code('retrieve_extension'),
} satisfies Record<CodeName, TString>;

const document = (description: string) => Type.Object({}, { additionalProperties: true, description });

/** `/tenant_settings` and `/feature_codes`: what the tenant sets for itself. */
export function ownSettingsRoutes(api: Api, deps: HttpDeps): void {
  const { ownSettings } = deps.admin;
  const tagging = <Value>(
    reply: Parameters<typeof tagged>[0],
    { value, revision }: { value: Value; revision: number },
  ) => {
    if (revision > 0) tagged(reply, revision);
    return value;
  };

  api.get(
    '/tenant_settings',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'showTenantSettings',
        summary: 'Retrieve the settings of the tenant',
        querystring: noQuery,
        response: { 200: document('As a settings document has them, with defaults filled in.'), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => ownSettings.show(tenantId),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    '/tenant_settings',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'putTenantSettings',
        summary: 'Replace the settings of the tenant',
        description: 'Written whole: what is left out gets its default. Its lots, groups and flows are not among them.',
        querystring: noQuery,
        headers: ifMatch,
        body: document('As a settings document has them.'),
        response: { 200: document('With defaults filled in.'), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => atRevision(request, (options) => ownSettings.put(tenantId, request.body, options)),
        (written) => tagging(reply, written),
      ),
  );

  api.get(
    '/feature_codes',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'showFeatureCodes',
        summary: 'Retrieve the feature codes of the tenant',
        querystring: noQuery,
        response: { 200: Type.Object(codes, { description: 'Every code as it is in force.' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => ownSettings.codes(tenantId),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    '/feature_codes',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'updateFeatureCodes',
        summary: 'Update the feature codes of the tenant',
        description: 'Changes the codes it names; no two may be the same, defaults included.',
        querystring: noQuery,
        headers: ifMatch,
        body: Type.Partial(Type.Object(codes), { additionalProperties: false }),
        response: { 200: Type.Object(codes, { description: 'Every code as it is in force now.' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => atRevision(request, (options) => ownSettings.updateCodes(tenantId, request.body, options)),
        (written) => tagging(reply, written),
      ),
  );
}
