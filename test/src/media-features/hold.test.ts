import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keys } from '@parkade/ids';
import type { Channel } from '@parkade/media-simulator';
import type { Park } from '@parkade/proto';
import { putLot, putTenant } from '@parkade/settings';
import { afterEach, expect, test, vi } from 'vitest';
import { World } from './world.js';

let world: World;

afterEach(() => world.close());

/** What the leg hears: of an announcement the file, of another application its name and argument. */
const heard = (leg: Channel): string => {
  const { application = '', argument = '' } = leg.nested ?? {};
  return application === 'playback' ? argument : `${application}::${argument}`;
};

/** A caller whom 1001 has parked in `slot`. */
async function parkedIn(slot: string): Promise<{ caller: Channel; park: Park }> {
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, slot);
  const park = await world.park(slot);
  await world.until('it is so', () => caller.variables.has('parkade_park') && caller.nested !== undefined);
  return { caller, park };
}

test.each([
  [{ audio: 'ringing' }, 'tone_stream://%(2000,4000,440,480);loops=-1'],
  [{ audio: 'silence' }, 'silence_stream://-1'],
  [{ music: 'jazz' }, 'local_stream://jazz'],
] as const)('a parked caller hears what the tenant says: %o (R22)', async (hold, sound) => {
  world = await World.start({ settings: { hold } });
  const { caller } = await parkedIn('701');
  expect(heard(caller)).toBe(sound);
});

test('the tenant’s hold prompt is played again and again to whoever is parked', async () => {
  world = await World.start({ settings: { prompt_file_id: 'please-wait' } });
  const { caller } = await parkedIn('701');
  expect(heard(caller)).toBe('endless_playback::prompts/please-wait.wav');
});

test('an uploaded prompt file is fetched through its link and played to whoever is parked; music, where it cannot be had', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'parkade-prompts-'));
  try {
    world = await World.start({ promptDirectory: directory });
    const sound = Buffer.concat([Buffer.from('RIFF....WAVEfmt '), randomBytes(5_000)]);
    const api = (path: string, type: string, body: Buffer | string): Promise<Response> =>
      fetch(`${world.gateway.httpUrl ?? ''}/api${path}`, {
        ...{ method: 'POST', body, headers: { 'parkade-tenant': 'acme', 'content-type': type } },
      });
    const { id } = (await (await api('/prompt_files?name=wait.wav', 'audio/wav', sound)).json()) as { id: string };
    const named = await api('/call_park', 'application/json', JSON.stringify({ prompt_file_id: id }));
    expect(named.status).toBe(200);
    const name = `${createHash('sha256').update(sound).digest('hex')}.wav`;
    await vi.waitFor(async () => expect(await readdir(directory)).toEqual([name]), { timeout: 30_000 });
    expect(await readFile(join(directory, name))).toEqual(sound);
    const { caller } = await parkedIn('701');
    expect(heard(caller)).toBe(`endless_playback::${join(directory, name)}`);
    // Known to the store, and nobody has its bytes.
    const lost = { id: 'lost', name: 'lost.wav', content_type: 'audio/wav', size: 4, sha256: 'ab'.repeat(32) };
    const key = keys.promptFile('acme', 'lost');
    await world.store.txn({ compare: [], success: [{ kind: 'put', key, value: Buffer.from(JSON.stringify(lost)) }] });
    await putLot(world.store, 'acme', 'default', {
      ranges: [{ first: '701', last: '703' }],
      slots: { '702': { hold: { audio: 'prompt', prompt_file_id: 'lost' } } },
    });
    await world.until('it is so', () => world.logged.some((line) => line.includes('could not be fetched')));
    const [other, callee] = await world.talk('2002', '1002');
    world.sim.transferBlind(callee, '702');
    await world.park('702');
    await world.until('it is so', () => other.nested !== undefined && heard(other) === 'local_stream://moh');
    expect(await readdir(directory)).toEqual([name]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a slot’s hold audio stands above its lot’s, and that above the tenant’s; also where the slot is chosen last', async () => {
  const slots = { '702': { hold: { audio: 'silence' as const } } };
  world = await World.start({ settings: { hold: { audio: 'ringing' } }, lot: { hold: { music: 'lot' }, slots } });
  const { caller: first } = await parkedIn('701');
  expect(heard(first)).toBe('local_stream://lot');
  const [second, callee] = await world.talk('2002', '1002');
  world.sim.transferBlind(callee, '*4');
  await world.park('702');
  await world.until('it is so', () => heard(second) === 'silence_stream://-1');
});

test('after a pickup that failed the caller hears again what he heard before (R3, R22)', async () => {
  world = await World.start({ settings: { hold: { audio: 'ringing' } } });
  const { caller } = await parkedIn('701');
  const taker = world.sim.call('1002', '*5701');
  world.sim.core.beforeBridge = () => world.sim.hangUp(taker);
  await world.until('it is so', () => !taker.isAlive);
  await world.until('it is so', () => caller.parked && heard(caller) === 'tone_stream://%(2000,4000,440,480);loops=-1');
});

test('a parked caller who presses the escape key leaves to its destination; his slot is freed as escaped (R22)', async () => {
  world = await World.start({ settings: { escape: { key: '0', to: '1003' } } });
  const { caller, park } = await parkedIn('701');
  world.sim.press(caller, '5');
  world.sim.press(caller, '0');
  world.sim.press(caller, '0');
  await world.until('it is so', () => caller.peer?.phone.user === '1003');
  await world.allFree();
  expect(await world.endedAs(park.parkId)).toBe('escaped');
  await world.until('it is so', () => !caller.variables.has('parkade_park'));
  expect(world.sim.phone('1003').legs).toHaveLength(1);
});

test('the escape key leads to whoever parked the call where it says so, from the lot that says so', async () => {
  world = await World.start({
    settings: { escape: { key: '9', to: '1003' } },
    lot: { escape: { key: '#', to: 'parker' } },
  });
  const { caller } = await parkedIn('701');
  world.sim.press(caller, '9');
  world.sim.press(caller, '#');
  await world.until('it is so', () => caller.peer?.phone.user === '1001');
  await world.allFree();
});

test('a key that is not set, or set off, moves nobody; a changed setting counts at once', async () => {
  world = await World.start({ settings: { escape: { key: 'off' } } });
  const { caller } = await parkedIn('701');
  world.sim.press(caller, '0');
  expect((await putTenant(world.store, 'acme', { escape: { key: '0', to: '1003' } })).ok).toBe(true);
  // The settings arrive by a watch: the key is pressed until they have.
  await world.until('it is so', () => {
    if (caller.peer === undefined && caller.parked) world.sim.press(caller, '0');
    return caller.peer?.phone.user === '1003';
  });
  await world.allFree();
});

test('whoever is fetching the caller wins over his key', async () => {
  world = await World.start({ settings: { escape: { key: '0', to: '1003' } } });
  const { caller } = await parkedIn('701');
  const taker = world.sim.call('1002', '*5701');
  world.sim.core.beforeBridge = () => world.sim.press(caller, '0');
  await world.until('it is so', () => taker.peer === caller);
  await world.allFree();
  expect(caller.peer).toBe(taker);
});
