import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerSchema,
  badValues,
  CONTRACT,
  faults,
  jsonBody,
  type NamedOperation,
  type OpenApiDocument,
  operationsOf,
  plainSchema,
  type Schema,
  without,
} from '../testing/contract.testing.js';
import { type RestAnswer, RestBed, type RestRequest } from '../testing/rest-bed.testing.js';

let bed: RestBed;
const done = new Set<string>();
beforeAll(async () => {
  bed = await RestBed.start();
  await bed.bench.admin.ringGroups.put('acme', 'night', { members: [{ extension: '109' }] });
});
afterAll(async () => {
  expect(bed.defects).toEqual([]);
  await bed.close();
});

const operations = operationsOf(CONTRACT);
const operation = (id: string): NamedOperation => {
  const found = operations.find(({ operationId }) => operationId === id);
  if (found === undefined) throw new Error(`the contract has no ${id}`);
  return found;
};

interface Given extends RestRequest {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** Runs an operation; request and answer are held against the contract. `good` says whether it allows the request. */
async function run(id: string, given: Given = {}, good = true): Promise<RestAnswer> {
  const at = operation(id);
  const { params = {}, query = {}, body, ...rest } = given;
  const url = at.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  if (good) {
    const schema = jsonBody(at);
    if (schema !== undefined && typeof body === 'object') expect(faults(schema, body)).toEqual([]);
    for (const { name, in: place, schema: one } of at.parameters ?? []) {
      const value = place === 'path' ? params[name] : query[name];
      if (value !== undefined) expect(faults(one, one.type === 'integer' ? Number(value) : value)).toEqual([]);
    }
  }
  const search = new URLSearchParams(query).toString();
  const answer = await bed.ask(search === '' ? url : `${url}?${search}`, {
    method: at.method.toUpperCase(),
    body,
    ...rest,
  });
  const schema = answerSchema(at, answer.status);
  expect(schema, `${id} answered ${answer.status} ${answer.text}`).toBeDefined();
  if (schema !== null && schema !== undefined) expect(faults(schema, answer.json)).toEqual([]);
  else if (answer.status < 300) expect(answer.text).toBe('');
  if (answer.status < 300) done.add(id);
  else expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return answer;
}

interface Problem {
  readonly status: number;
  readonly reason?: string;
  readonly errors?: readonly { readonly path: string }[];
}
const problem = ({ json }: RestAnswer): string => {
  const { status, reason, errors } = json as Problem;
  return [status, reason, errors?.[0]?.path].filter((part) => part !== undefined).join(' ');
};
const items = ({ json }: RestAnswer) => (json as { items: { name: string; id: string }[] }).items;

describe('the contract, with good input', () => {
  it('shows the park server with its defaults, and changes what an update names', async () => {
    const defaults = { enabled: true, recall_to: 'USER_ONLY', recall_time: 300, recall_ring_group_time: 300 };
    // Beyond the contract.
    const told = { send_notification_to_parker: false };
    expect((await run('showCallParkServer')).json).toEqual({ ...defaults, ...told });
    const full = {
      enabled: false,
      extension_number: '700',
      recall_to: 'USER_FIRST_THEN_RING_GROUP',
      recall_time: 60,
      recall_ring_group_time: 900,
      ring_group_id: 'night',
      prompt_file_id: 'f1',
    };
    expect((await run('updateCallParkServer', { body: full })).status).toBe(200);
    const named = without(full, 'prompt_file_id');
    const file = {
      prompt_file_name: 'hold.wav',
      prompt_file_size: 1_234,
      prompt_file_url: '/prompt_files/f1/content',
    };
    expect((await run('showCallParkServer')).json).toEqual({ ...named, ...file, ...told });
    await run('updateCallParkServer', { body: { recall_time: 61 } });
    expect((await run('showCallParkServer')).json).toEqual({ ...named, ...file, ...told, recall_time: 61 });
    for (const body of [undefined, {}, '']) expect((await run('updateCallParkServer', { body })).status).toBe(200);
    await run('updateCallParkServer', { body: { enabled: true, recall_to: 'USER_ONLY' } });
    expect((await run('showCallParkServer')).json).not.toHaveProperty('ring_group_id');
  });

  it('makes, shows, changes, lists and deletes groups', async () => {
    const created = await run('createCallParkGroup', {
      body: { name: 'Desk', recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' },
    });
    expect(created.status).toBe(201);
    const { id } = created.json as { id: string };
    expect(created.headers.get('location')).toBe(`/api/call_park_groups/${id}`);
    const shown = { id, name: 'Desk', recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' };
    expect((await run('showCallParkGroup', { params: { id } })).json).toMatchObject(shown);
    expect((await run('updateCallParkGroup', { params: { id }, body: { name: 'Front' } })).status).toBe(200);
    expect((await run('listCallParkGroups')).json).toMatchObject({ count: 1, items: [{ ...shown, name: 'Front' }] });
    await run('createCallParkGroup', { body: { name: '1' } });
    await run('createCallParkGroup', { body: { name: 'x'.repeat(64), recall_to: 'USER_ONLY' } });
    const query = {
      filter: "startswith(name,'F') or name eq '1'",
      search: '',
      orderby: 'name desc',
      skip: '1',
      top: '1',
    };
    const page = await run('listCallParkGroups', { query });
    expect(page.json).toMatchObject({ count: 2, items: [{ name: '1' }] });
    expect(items(await run('listCallParkGroups', { query: { search: 'fRON' } })).map(({ name }) => name)).toEqual([
      'Front',
    ]);
    expect((await run('deleteCallParkGroup', { params: { id } })).status).toBe(204);
    expect(problem(await run('showCallParkGroup', { params: { id } }))).toBe('404 GROUP_NOT_FOUND');
    expect(problem(await run('deleteCallParkGroup', { params: { id } }))).toBe('404 GROUP_NOT_FOUND');
  });

  it('adds, lists and removes members', async () => {
    const id = await bed.group('Members');
    for (const extension_number of ['102', '101']) {
      expect((await run('createCallParkGroupMember', { params: { id, extension_number } })).status).toBe(200);
    }
    const listed = items(await run('listCallParkGroupMembers', { params: { id } }));
    expect(listed).toMatchObject([
      { name: 'user102', display_name: '', extension_number: '102' },
      { name: 'user101', extension_number: '101' },
    ]);
    const gone = { params: { id, extension_number: '102' } };
    expect((await run('deleteCallParkGroupMember', gone)).status).toBe(204);
    expect(problem(await run('deleteCallParkGroupMember', gone))).toBe('404 MEMBER_NOT_FOUND');
    const unknown = { params: { id, extension_number: '9'.repeat(64) } };
    expect(problem(await run('createCallParkGroupMember', unknown))).toBe('404 USER_NOT_FOUND');
  });

  it('keeps a group that has calls parked until they are gone', async () => {
    const id = await bed.group('Busy');
    await run('createCallParkGroupMember', { params: { id, extension_number: '105' } });
    bed.bench.parked.calls.add(`${id} 105`);
    expect((await run('deleteCallParkGroupMember', { params: { id, extension_number: '105' } })).status).toBe(204);
    const members = await run('listCallParkGroupMembers', { params: { id } });
    expect(items(members)).toMatchObject([{ extension_number: '105', enabled: false, draining: true }]);
    expect((await run('deleteCallParkGroup', { params: { id } })).status).toBe(204);
    expect((await run('showCallParkGroup', { params: { id } })).json).toMatchObject({ draining: true, enabled: false });
    bed.bench.parked.calls.clear();
    await bed.bench.admin.draining.sweep();
    expect((await run('showCallParkGroup', { params: { id } })).status).toBe(404);
  });

  it('has run every operation', () => {
    expect([...done].sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
  });
});

describe('the contract, with bad input', () => {
  const withBody = operations.filter((one) => jsonBody(one) !== undefined);
  const cases = withBody.flatMap((one) =>
    Object.entries(jsonBody(one)?.properties ?? {}).flatMap(([field, schema]) =>
      badValues(schema).map(([why, value]) => [one.operationId, field, why, value] as const),
    ),
  );

  it.each(cases)('%s refuses a %s that is %s', async (id, field, _why, value) => {
    const group = await bed.group(`bad ${Math.random()}`);
    const before = [
      (await run('showCallParkServer')).text,
      (await run('showCallParkGroup', { params: { id: group } })).text,
    ];
    const body = { ...(id === 'createCallParkGroup' ? { name: 'good' } : {}), enabled: false, [field]: value };
    expect(faults(jsonBody(operation(id)) ?? {}, body)).not.toEqual([]);
    const answer = await run(id, { params: { id: group }, body }, false);
    expect(problem(answer)).toBe(`400 INVALID_FIELD ${field}`);
    const after = [
      (await run('showCallParkServer')).text,
      (await run('showCallParkGroup', { params: { id: group } })).text,
    ];
    expect(after).toEqual(before);
  });

  it.each(withBody.map(({ operationId }) => operationId))(
    '%s refuses whatever is no object of its fields',
    async (id) => {
      const params = { id: await bed.group(`shape ${Math.random()}`) };
      const refused = async (body: unknown, headers?: Record<string, string>) =>
        problem(await run(id, { params, body, ...(headers === undefined ? {} : { headers }) }, false));
      expect(await refused({ name: 'x', colour: 'red' })).toMatch(/^400 INVALID_FIELD (colour|name)$/);
      expect(await refused([])).toBe('400 INVALID_FIELD ');
      expect(await refused('null')).toBe('400 INVALID_FIELD ');
      expect(await refused('{"name": ')).toBe('400 MALFORMED_MESSAGE');
      expect(await refused('{"__proto__": {"name": "x"}}')).toBe('400 MALFORMED_MESSAGE');
      expect(await refused('name=x', { 'content-type': 'application/x-www-form-urlencoded' })).toBe('415');
      expect(await refused(`{"name": "${'x'.repeat(600_000)}"}`)).toBe('413 TOO_LARGE');
    },
  );

  it('makes no group without a name', async () => {
    for (const body of [undefined, {}, { recall_to: 'USER_ONLY' }]) {
      expect(problem(await run('createCallParkGroup', { body }, false))).toBe('400 INVALID_FIELD name');
    }
  });

  it('takes a ring group with its two modes alone, and one that is there', async () => {
    const id = await bed.group('Rings');
    const bad = [
      { recall_to: 'RING_GROUP_ONLY' },
      { ring_group_id: 'night' },
      { recall_to: 'USER_ONLY', ring_group_id: 'night' },
      { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'none' },
    ];
    for (const body of bad) {
      const named = await run('createCallParkGroup', { body: { name: 'x', ...body } });
      const updated = await run('updateCallParkGroup', { params: { id }, body });
      const server = await run('updateCallParkServer', { body });
      for (const answer of [named, updated, server]) expect(problem(answer)).toBe('400 INVALID_FIELD ring_group_id');
    }
    expect(problem(await run('updateCallParkServer', { body: { prompt_file_id: 'none' } }))).toBe(
      '400 INVALID_FIELD prompt_file_id',
    );
  });

  const list = operation('listCallParkGroups');
  const queries = (list.parameters ?? []).flatMap(({ name, schema }) =>
    badValues(schema)
      // In a query everything is text: text that is a number is one.
      .filter(([why]) => schema.type === 'integer' && why !== 'text')
      .map(([why, value]) => [name, why, String(value)] as const),
  );
  it.each<readonly [name: string, why: string, value: string]>([
    ...queries,
    ['skip', 'no number', 'ten'],
    ['top', 'empty', ''],
    ['filter', 'no filter', 'name is 5'],
    ['orderby', 'no field', 'password'],
    ['search', 'too long', 'x'.repeat(300)],
    ['colour', 'unknown', 'red'],
  ])('a list refuses %s that is %s', async (name, _why, value) => {
    const answer = await run('listCallParkGroups', { query: { [name]: value } }, false);
    expect(problem(answer)).toBe(`400 INVALID_FIELD ${name}`);
  });

  it('a list refuses a parameter that is given twice', async () => {
    const answer = await bed.ask('/call_park_groups?top=1&top=2');
    expect(problem(answer)).toBe('400 INVALID_FIELD top');
  });

  const extension = (operation('createCallParkGroupMember').parameters ?? []).find(({ in: at, name }) => {
    return at === 'path' && name === 'extension_number';
  });
  const numbers = badValues(extension?.schema ?? {}).filter(([, value]) => typeof value === 'string' && value !== '');
  it.each(numbers)('members are refused by an extension that is %s', async (_why, value) => {
    const id = await bed.group(`numbers ${Math.random()}`);
    for (const operationId of ['createCallParkGroupMember', 'deleteCallParkGroupMember']) {
      const answer = await run(operationId, { params: { id, extension_number: String(value) } }, false);
      expect(problem(answer)).toBe('400 INVALID_FIELD extension_number');
    }
    // The contract's pattern is not anchored; "3 to 64 digits" is what it means.
    const loose = await run('createCallParkGroupMember', { params: { id, extension_number: '101a' } });
    expect(problem(loose)).toBe('400 INVALID_FIELD extension_number');
  });

  it.each(operations.map(({ operationId }) => operationId))('%s is for who may, in the own tenant', async (id) => {
    const writes = operation(id).method === 'post';
    const params = { id: 'x', extension_number: '101' };
    const body = jsonBody(operation(id)) === undefined ? undefined : id.endsWith('Server') ? {} : { name: 'x' };
    const as = async (token: string, headers: Record<string, string> = {}) =>
      problem(await run(id, { params, body, token, headers }, false));
    expect(await as('')).toBe('401 UNAUTHENTICATED');
    expect(await as('nonsense')).toBe('401 UNAUTHENTICATED');
    expect(await as('other')).toBe('404 TENANT_NOT_FOUND');
    expect(await as('admin', { 'parkade-tenant': 'other' })).toBe('404 TENANT_NOT_FOUND');
    expect(await as('both')).toBe('400 INVALID_FIELD parkade-tenant');
    if (writes) expect(await as('viewer')).toBe('403 PERMISSION_DENIED');
    const noToken = await run(id, { params, token: '' }, false);
    expect(noToken.headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('revisions', () => {
  it('let a change depend on what was read', async () => {
    const id = await bed.group('Tagged');
    const params = { id };
    const tag = (await run('showCallParkGroup', { params })).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"\d+"$/);
    const cached = await bed.ask(`/call_park_groups/${id}`, { headers: { 'if-none-match': tag } });
    expect([cached.status, cached.text]).toEqual([304, '']);
    const update = (name: string, match: string) =>
      run('updateCallParkGroup', { params, body: { name }, headers: { 'if-match': match } });
    const next = (await update('Tagged 2', tag)).headers.get('etag');
    expect(problem(await update('Tagged 3', tag))).toBe('412 REVISION_CONFLICT');
    expect(problem(await update('Tagged 3', 'W/"1"'))).toBe('400 INVALID_FIELD if-match');
    expect((await update('Tagged 3', '*')).status).toBe(200);
    expect((await run('showCallParkGroup', { params })).headers.get('etag')).not.toBe(next);
    const stale = { 'if-match': tag };
    const member = { params: { id, extension_number: '101' }, headers: stale };
    expect(problem(await run('createCallParkGroupMember', member))).toBe('412 REVISION_CONFLICT');
    expect(problem(await run('deleteCallParkGroup', { params, headers: stale }))).toBe('412 REVISION_CONFLICT');
    expect(problem(await run('updateCallParkServer', { body: {}, headers: stale }))).toBe('412 REVISION_CONFLICT');
  });
});

describe('the document of the API', () => {
  /** What of the contract ours says otherwise. */
  const differences = (ours: Schema | undefined, theirs: Schema, at: string): string[] => {
    if (ours === undefined) return [`${at} is missing`];
    const [own, other] = [plainSchema(ours), plainSchema(theirs)];
    const { properties = {}, items: inner } = other;
    const [ownRest, rest] = [own, other].map((one) =>
      without(one, 'properties', 'items', 'additionalProperties', 'required'),
    );
    return [
      ...(JSON.stringify(sorted(ownRest ?? {})) === JSON.stringify(sorted(rest ?? {}))
        ? []
        : [`${at}: ${JSON.stringify(ownRest)} is not ${JSON.stringify(rest)}`]),
      ...Object.entries(properties).flatMap(([name, one]) => differences(own.properties?.[name], one, `${at}.${name}`)),
      ...(inner === undefined ? [] : differences(own.items, inner, `${at}[]`)),
    ];
  };
  const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));

  it('is the contract where they overlap', async () => {
    const answer = await fetch(`${bed.server.url}/api/openapi.json`);
    const document = (await answer.json()) as OpenApiDocument;
    expect(document.openapi).toBe('3.1.0');
    expect(document.security).toEqual(CONTRACT.security);
    expect(document.components.securitySchemes).toEqual(CONTRACT.components.securitySchemes);
    for (const theirs of operations) {
      const ours = document.paths[theirs.path]?.[theirs.method];
      const at = `${theirs.method} ${theirs.path}`;
      expect(ours?.operationId, at).toBe(theirs.operationId);
      expect(ours?.summary, at).toBe(theirs.summary);
      expect(ours?.tags, at).toEqual(theirs.tags);
      const statuses = Object.keys(theirs.responses);
      expect(Object.keys(ours?.responses ?? {}), at).toEqual(statuses);
      for (const { name, in: place, required, schema } of theirs.parameters ?? []) {
        const own = ours?.parameters?.find((one) => one.name === name && one.in === place);
        expect(own?.required ?? false, `${at} ${name}`).toBe(required ?? false);
        expect(differences(own?.schema, schema, `${at} ${name}`)).toEqual([]);
      }
      const body = jsonBody(theirs);
      if (body !== undefined)
        expect(differences(ours === undefined ? undefined : jsonBody(ours), body, at)).toEqual([]);
      for (const status of statuses) {
        const schema = theirs.responses[status]?.content?.['application/json']?.schema;
        const own = ours?.responses[status];
        expect(own?.description, `${at} ${status}`).toBe(theirs.responses[status]?.description);
        if (schema !== undefined) {
          expect(differences(own?.content?.['application/json']?.schema, schema, `${at} ${status}`)).toEqual([]);
        } else if (!status.startsWith('4')) expect(own?.content, `${at} ${status}`).toBeUndefined();
      }
    }
  });

  it('can be browsed', async () => {
    const page = await fetch(`${bed.server.url}/api/docs/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    expect(await page.text()).toContain('swagger-ui');
  });
});

describe('what is not there', () => {
  it('is a problem too', async () => {
    for (const path of ['/nothing', '/call_park_groups/a/b/c']) expect(problem(await bed.ask(path))).toBe('404');
    expect(problem(await bed.ask('/call_park', { method: 'DELETE' }))).toBe('404');
  });
});
