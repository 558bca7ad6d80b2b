import type { RunningEtcd } from '@parkade/test';

/** Asks one member over its JSON gateway; rejects where it does not answer, or answers with an error. */
export async function askEtcd(
  member: RunningEtcd,
  path: string,
  body: unknown,
  timeoutMs = 2_000,
): Promise<Record<string, unknown>> {
  const response = await fetch(`http://${member.endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as Record<string, unknown>;
}

/** Whether this member leads. */
export async function leads(member: RunningEtcd): Promise<boolean> {
  const { leader, header } = await askEtcd(member, 'maintenance/status', {});
  return leader !== undefined && leader === (header as Record<string, unknown>)['member_id'];
}

export async function leaderOf(members: readonly RunningEtcd[]): Promise<number> {
  const answers = await Promise.all(members.map((member) => leads(member).catch(() => false)));
  const index = answers.indexOf(true);
  if (index < 0) throw new Error('no member of etcd says that it leads');
  return index;
}

/** Writes what is none of the product's. */
export function putJunk(member: RunningEtcd, key: string, bytes: number, timeoutMs?: number): Promise<unknown> {
  const value = Buffer.alloc(bytes, 'x').toString('base64');
  return askEtcd(member, 'kv/put', { key: Buffer.from(`/junk/${key}`).toString('base64'), value }, timeoutMs);
}

/** Makes room again, as an operator does: delete, compact, defragment, disarm. */
export async function clearJunk(member: RunningEtcd): Promise<void> {
  const range = { key: Buffer.from('/junk/').toString('base64'), range_end: Buffer.from('/junk0').toString('base64') };
  const { header } = await askEtcd(member, 'kv/deleterange', range);
  const revision = (header as Record<string, unknown>)['revision'];
  await askEtcd(member, 'kv/compaction', { revision, physical: true }, 20_000);
  await askEtcd(member, 'maintenance/defragment', {}, 20_000);
  const { alarms } = await askEtcd(member, 'maintenance/alarm', { action: 'GET' });
  for (const alarm of (alarms ?? []) as Record<string, unknown>[]) {
    await askEtcd(member, 'maintenance/alarm', { action: 'DEACTIVATE', ...alarm });
  }
}
