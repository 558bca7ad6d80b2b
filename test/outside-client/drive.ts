import createClient from 'openapi-fetch';
// Generated from the document a gateway serves; it is not in the repository.
import type { paths } from './schema.js';

/**
 * What a stranger's program does with the REST API, knowing nothing but its document: every operation once, each answer looked at.
 * Returns the operations it has used: `GET /call_park`. Throws where something is not as the document lets expect.
 */
export async function drive(baseUrl: string, tenant: string): Promise<readonly string[]> {
  const used = new Set<string>();
  const api = createClient<paths>({ baseUrl, headers: { 'parkade-tenant': tenant } });
  api.use({
    onRequest: ({ request, schemaPath }) => {
      used.add(`${request.method} ${schemaPath}`);
    },
  });

  // A tenant of its own, made by an operator.
  const settings = { body: { codes: { auto: '*7' } } };
  done(await api.POST('/tenants/{id}', { params: { path: { id: tenant } }, ...settings }));
  same((await api.GET('/tenants/{id}', { params: { path: { id: tenant } } })).response.status, 200);
  const quotas = { params: { path: { id: tenant } }, body: { parked_calls: 50 } };
  same(done(await api.POST('/tenants/{id}/quotas', quotas)).in_force.parked_calls, 50);
  same(done(await api.GET('/tenants/{id}/quotas', { params: { path: { id: tenant } } })).quotas.parked_calls, 50);
  const tenants = done(await api.GET('/tenants', { params: { query: { search: tenant } } }));
  same(tenants.count, 1);
  same(done(await api.GET('/feature_codes')).auto, '*7');
  same(done(await api.POST('/feature_codes', { body: { park_next: '' } })).park_next, '');
  done(await api.GET('/tenant_settings'));
  done(await api.POST('/tenant_settings', { body: { hold: { audio: 'silence' } } }));

  // Whom there is to ring, and where to park.
  for (const extension_number of ['101', '102']) {
    done(await api.POST('/users', { body: { name: `user${extension_number}`, extension_number } }));
  }
  const ada = { params: { path: { extension_number: '101' } } };
  none(await api.POST('/users/{extension_number}', { ...ada, body: { display_name: 'Ada' } }));
  same(done(await api.GET('/users/{extension_number}', ada)).display_name, 'Ada');
  same(
    done(await api.GET('/users', { params: { query: { top: 1, orderby: 'name desc' } } })).items[0]?.name,
    'user102',
  );
  const night = { params: { path: { id: 'night' } } };
  done(await api.POST('/ring_groups/{id}', { ...night, body: { members: [{ extension: '102' }] } }));
  done(await api.GET('/ring_groups/{id}', night));
  same(done(await api.GET('/ring_groups')).count, 1);
  const sales = { params: { path: { id: 'sales' } } };
  done(await api.POST('/lots/{id}', { ...sales, body: { ranges: [{ first: '701', last: '709' }] } }));
  done(await api.POST('/lots/{id}', { params: { path: { id: '_extensions' } }, body: { slot_capacity: 2 } }));
  done(await api.GET('/lots/{id}', sales));
  same(done(await api.GET('/lots', { params: { query: { filter: "id eq 'sales'" } } })).count, 1);
  const main = { params: { path: { id: 'main' } } };
  done(await api.POST('/flows/{id}', { ...main, body: { module: 'park', data: { action: 'auto' } } }));
  done(await api.GET('/flows/{id}', main));
  same(done(await api.GET('/flows')).count, 1);

  const sound = new Blob(['RIFF....WAVEfmt '], { type: 'audio/wav' });
  const upload = {
    params: { query: { name: 'hold.wav' } },
    body: sound,
    bodySerializer: (body: unknown) => body as Blob,
  };
  const headers = { 'content-type': 'audio/wav' };
  const file = done(await api.POST('/prompt_files', { ...upload, headers }));
  const hold = { params: { path: { id: file.id } } };
  same(done(await api.GET('/prompt_files/{id}', hold)).size, 16);
  same(done(await api.GET('/prompt_files')).count, 1);
  const bytes = done(await api.GET('/prompt_files/{id}/content', { ...hold, parseAs: 'text' }));
  same(String(bytes), 'RIFF....WAVEfmt ');
  same((await fetch(baseUrl + file.link)).status, 200);
  none(await api.POST('/prompt_files/{id}/destroy', hold));

  // The park server, and a group of two.
  const target = { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' } as const;
  none(await api.POST('/call_park', { body: { recall_time: 60, ...target } }));
  same(done(await api.GET('/call_park')).recall_time, 60);
  const { id } = done(await api.POST('/call_park_groups', { body: { name: 'Desk', ...target } }));
  const desk = { params: { path: { id } } };
  const { response, data: shown } = await api.GET('/call_park_groups/{id}', desk);
  same(shown?.name, 'Desk');
  const tag = { params: { ...desk.params, header: { 'if-match': response.headers.get('etag') ?? '' } } };
  none(await api.POST('/call_park_groups/{id}', { ...tag, body: { name: 'Front desk' } }));
  const stale = await api.POST('/call_park_groups/{id}', { ...tag, body: { name: 'Back desk' } });
  same(stale.error?.reason, 'REVISION_CONFLICT');
  same(done(await api.GET('/call_park_groups', { params: { query: { search: 'front' } } })).items[0]?.id, id);
  for (const extension_number of ['101', '102']) {
    const path = { id, extension_number };
    none(await api.POST('/call_park_groups/{id}/members/{extension_number}', { params: { path } }));
  }
  same(done(await api.GET('/call_park_groups/{id}/members', desk)).items.length, 2);

  // Two calls at one extension: the oldest first, or by the id of the park.
  const call = (call_id: string) => ({ media_node: 'outside', call_id });
  const parker = { extension: '101' };
  const at = { extension: '101', parker };
  const key = { params: { header: { 'idempotency-key': uuidV7() } } };
  const first = done(await api.POST('/parks', { ...key, body: { ...at, call: call('a') } }));
  same(done(await api.POST('/parks', { ...key, body: { ...at, call: call('a') } })).park_id, first.park_id);
  const second = done(await api.POST('/parks', { body: { ...at, call: call('b') } }));
  const full = await api.POST('/parks', { body: { ...at, call: call('c') } });
  same(full.error?.reason, 'SLOT_OCCUPIED');
  const place = { params: { path: { lot_id: '_extensions', slot: '101' } } };
  const slot = done(await api.GET('/slots/{lot_id}/{slot}', place));
  same(slot.parks.map((park) => park.call.call_id).join(), 'a,b');
  same(slot.parks[0]?.parker.extension, '101');
  same(typeof slot.parks[0]?.recall_at, 'string');
  const retriever = { body: { retriever: call('r') } };
  const oldest = done(await api.POST('/slots/{lot_id}/{slot}/retrieve', { ...place, ...retriever }));
  same(oldest.park_id, first.park_id);
  const by = (park_id: string) => ({ params: { path: { park_id } } });
  same(done(await api.POST('/parks/{park_id}/retrieve', { ...by(second.park_id), ...retriever })).state, 'ENDED');

  // To the group's first member; from there to a slot, kept longer, and let go.
  const hunted = done(await api.POST('/parks', { body: { group_id: id, call: call('d') } }));
  same(hunted.slot, '101');
  const body = { lot_id: 'sales', slot: '705' };
  const moved = done(await api.POST('/parks/{park_id}/move', { ...by(hunted.park_id), body }));
  same(moved.slot, '705');
  const before = Date.now();
  const kept = done(await api.POST('/parks/{park_id}/extend', { ...by(moved.park_id), body: { recall_in: 600 } }));
  same(Date.parse(kept.recall_at ?? '') >= before + 590_000, true);
  const renewed = done(await api.POST('/parks/{park_id}/renew_policy', { ...by(moved.park_id), body: {} }));
  same(Date.parse(renewed.recall_at ?? '') < before + 590_000, true);
  same(done(await api.GET('/parks/{park_id}', by(moved.park_id))).state, 'PARKED');
  same(done(await api.GET('/slots', { params: { query: { lot_id: 'sales' } } })).items.length, 1);
  same(done(await api.POST('/parks/{park_id}/release', { ...by(moved.park_id), body: {} })).end_reason, 'released');

  // What was, and who changed what; and where events are posted.
  done(await api.GET('/park_history', { params: { query: { call_id: 'a', top: 1 } } }));
  done(await api.GET('/audit_records'));
  const crm = { params: { path: { id: 'crm' } } };
  done(await api.POST('/webhooks/{id}', { ...crm, body: { url: 'https://example.com/hook', enabled: false } }));
  done(await api.GET('/webhooks/{id}', crm));
  done(await api.GET('/webhooks'));
  same(done(await api.GET('/webhooks/{id}/dead_letters', crm)).items.length, 0);
  same(done(await api.POST('/webhooks/{id}/replay', { ...crm, body: {} })).replayed, 0);
  none(await api.POST('/webhooks/{id}/destroy', crm));

  // Everything goes again, what is needed last of all.
  const member = { params: { path: { id, extension_number: '102' } } };
  same((await api.POST('/ring_groups/{id}/destroy', night)).error?.reason, 'IN_USE');
  none(await api.POST('/call_park_groups/{id}/members/{extension_number}/destroy', member));
  none(await api.POST('/call_park_groups/{id}/destroy', desk));
  none(await api.POST('/call_park', { body: { recall_to: 'USER_ONLY' } }));
  none(await api.POST('/ring_groups/{id}/destroy', night));
  none(await api.POST('/users/{extension_number}/destroy', ada));
  none(await api.POST('/flows/{id}/destroy', main));
  none(await api.POST('/lots/{id}/destroy', sales));
  none(await api.POST('/tenants/{id}/destroy', { params: { path: { id: tenant } } }));
  return [...used];
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

function done<Data>({ data, error, response }: Answer<Data>): NonNullable<Data> {
  if (data === undefined || data === null) {
    throw new Error(`${response.url} answered ${response.status} ${JSON.stringify(error)}`);
  }
  return data;
}

/** It was done, and there is nothing more to say. */
function none({ error, response }: Answer<unknown>): void {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status} ${JSON.stringify(error)}`);
}

function same(got: unknown, want: unknown): void {
  if (got !== want) throw new Error(`got ${String(got)}, and not ${String(want)}`);
}

function uuidV7(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const rest = crypto.randomUUID().slice(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest}`;
}
