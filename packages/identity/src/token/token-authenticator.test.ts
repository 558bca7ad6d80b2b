import { createServer } from 'node:http';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, SystemClock } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { type Log, Refused } from '@parkade/rpc';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import type { Principal } from '../principal.js';
import { DEV_AUDIENCE, DEV_ISSUER, loadDevKey, newDevKey } from './dev-key.js';
import { readKeys } from './read-keys.js';
import { TokenAuthenticator, type TokenConfig } from './token-authenticator.js';

const HOUR_MS = 3_600_000;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An identity provider with one key after the other. */
class Provider {
  readonly #keys = new Map<string, { readonly secret: CryptoKey; readonly open: JWK }>();
  reads = 0;
  away = false;

  async rotate(kid: string, alg = 'ES256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    this.#keys.set(kid, { secret: privateKey, open: { ...(await exportJWK(publicKey)), kid, alg } });
  }

  withdraw(kid: string): void {
    this.#keys.delete(kid);
  }

  readonly read = (): Promise<unknown> => {
    this.reads++;
    if (this.away) return Promise.reject(new Error('nobody answers'));
    return Promise.resolve({ keys: [...this.#keys.values()].map(({ open }) => open) });
  };

  token(kid: string, nowMs: number, claims: Record<string, unknown> = {}, alg = 'ES256'): Promise<string> {
    const key = this.#keys.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    const nowS = Math.floor(nowMs / 1_000);
    const all = { sub: 'alice', iss: 'idp', aud: 'parkade', exp: nowS + 3_600, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg, kid }).sign(key.secret);
  }
}

class Lines implements Log {
  readonly lines: string[] = [];
  readonly info = (...line: unknown[]): void => void this.lines.push(JSON.stringify(line));
  readonly warn = this.info;
  readonly error = this.info;
}

const log = new Lines();

async function started(
  provider: Provider,
  config: Partial<TokenConfig> = {},
): Promise<{ authenticator: TokenAuthenticator; clock: ManualClock }> {
  const clock = new ManualClock(1_800_000_000_000);
  const known = { keys: provider.read, issuer: 'idp', audience: 'parkade' };
  const authenticator = await TokenAuthenticator.start({ ...known, ...config }, { clock, log });
  closers.push(() => authenticator.close());
  return { authenticator, clock };
}

async function ask(authenticator: TokenAuthenticator, token: string | undefined): Promise<Principal | string> {
  const who = await authenticator.authenticate(token);
  if (!(who instanceof Refused)) return who;
  expect(who.reason).toBe(Reason.UNAUTHENTICATED);
  return who.message;
}

describe('TokenAuthenticator', () => {
  it('recognises a good token, and from then on without verifying it again (A1)', async () => {
    const provider = new Provider();
    await provider.rotate('k1');
    const { authenticator, clock } = await started(provider);
    const token = await provider.token('k1', clock.nowMs(), { parkade: { tenants: { acme: { roles: ['park'] } } } });
    const first = await ask(authenticator, token);
    expect(first).toMatchObject({ subject: 'alice', kind: 'token', expiresAtMs: clock.nowMs() + HOUR_MS + 5_000 });
    expect(authenticator.authenticate(token)).toBe(first);
    await clock.advance(HOUR_MS + 5_001);
    expect(await ask(authenticator, token)).toContain('expired');
  });

  it('refuses every token that is not meant for here, not yet, no more, or not signed so', async () => {
    const provider = new Provider();
    const stranger = new Provider();
    await provider.rotate('k1');
    await stranger.rotate('k1');
    const { authenticator, clock } = await started(provider);
    const nowMs = clock.nowMs();
    const nowS = nowMs / 1_000;
    const refused = async (claims: Record<string, unknown>): Promise<unknown> =>
      ask(authenticator, await provider.token('k1', nowMs, claims));
    expect(await refused({ exp: nowS - 6 })).toContain('expired');
    expect(await refused({ exp: nowS - 4 })).toMatchObject({ subject: 'alice' });
    expect(await refused({ nbf: nowS + 6 })).toContain('nbf');
    expect(await refused({ nbf: nowS + 4 })).toMatchObject({ subject: 'alice' });
    expect(await refused({ aud: 'other' })).toContain('aud');
    expect(await refused({ aud: ['other', 'parkade'] })).toMatchObject({ subject: 'alice' });
    expect(await refused({ iss: 'other' })).toContain('iss');
    for (const claim of ['exp', 'sub', 'iss', 'aud']) expect(await refused({ [claim]: undefined })).toContain(claim);
    expect(await refused({ parkade: 'all' })).toContain('malformed');
    expect(await ask(authenticator, await stranger.token('k1', nowMs))).toBe('The token is not valid.');
    expect(await ask(authenticator, undefined)).toContain('is needed');
    expect(await ask(authenticator, 'x'.repeat(20_000))).toContain('too long');
    expect(await ask(authenticator, 'a.b.c')).toBe('The token is not valid.');
  });

  it('accepts pinned algorithms alone: neither none, nor a secret made of the public key', async () => {
    const provider = new Provider();
    await provider.rotate('k1');
    await provider.rotate('k2', 'RS512');
    const { authenticator, clock } = await started(provider);
    const claims = { sub: 'a', iss: 'idp', aud: 'parkade', exp: clock.nowMs() / 1_000 + 60 };
    const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(await ask(authenticator, `${encoded({ alg: 'none' })}.${encoded(claims)}.`)).toMatch(
      /not accepted|not valid/,
    );
    const document = JSON.stringify(await provider.read());
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(Buffer.from(document));
    expect(await ask(authenticator, forged)).toContain('not accepted');
    expect(await ask(authenticator, await provider.token('k2', clock.nowMs(), {}, 'RS512'))).toContain('not accepted');
  });

  it('learns a new key at once, forgets a withdrawn one, and asks no more often than it may (K2, K3)', async () => {
    const provider = new Provider();
    await provider.rotate('k1');
    const { authenticator, clock } = await started(provider);
    const old = await provider.token('k1', clock.nowMs());
    expect(await ask(authenticator, old)).toMatchObject({ subject: 'alice' });
    await provider.rotate('k2');
    const fresh = await provider.token('k2', clock.nowMs());
    for (let i = 0; i < 10; i++) expect(await ask(authenticator, fresh)).toContain('not known');
    expect(provider.reads).toBe(1);
    await clock.advance(10_000);
    expect(await ask(authenticator, fresh)).toMatchObject({ subject: 'alice' });
    expect(provider.reads).toBe(2);
    provider.withdraw('k1');
    expect(await ask(authenticator, old)).toMatchObject({ subject: 'alice' });
    await clock.advance(5 * 60_000);
    expect(await ask(authenticator, old)).toContain('not known');
  });

  it('keeps the last good keys while the provider is away, and says so (K1)', async () => {
    const provider = new Provider();
    await provider.rotate('k1');
    provider.away = true;
    const { authenticator, clock } = await started(provider);
    const token = await provider.token('k1', clock.nowMs(), { exp: clock.nowMs() / 1_000 + 36_000 });
    expect(await ask(authenticator, token)).toContain('cannot be read yet');
    provider.away = false;
    await clock.advance(10_000);
    expect(await ask(authenticator, token)).toMatchObject({ subject: 'alice' });
    provider.away = true;
    await clock.advance(HOUR_MS);
    expect(await ask(authenticator, await provider.token('k1', clock.nowMs()))).toMatchObject({ subject: 'alice' });
    expect(log.lines.some((line) => line.includes('keys-unavailable'))).toBe(true);
  });

  it('verifies a bounded number at a time, and remembers a bounded number', async () => {
    const provider = new Provider();
    await provider.rotate('k1');
    const { authenticator, clock } = await started(provider, { limits: { maxVerifying: 2, maxCached: 4 } });
    const tokens = await Promise.all(
      Array.from({ length: 5 }, (_, i) => provider.token('k1', clock.nowMs(), { sub: `user-${i}` })),
    );
    const answers = tokens.map((token) => authenticator.authenticate(token));
    expect(answers[0]).toBe(authenticator.authenticate(tokens[0]));
    expect(answers.slice(2).map((answer) => answer instanceof Refused && answer.reason)).toEqual(
      Array(3).fill(Reason.OVERLOADED),
    );
    for (const token of tokens) await ask(authenticator, token);
    const remembered = tokens.filter((token) => !(authenticator.authenticate(token) instanceof Promise));
    expect(remembered.length).toBeLessThanOrEqual(4);
  });

  it('logs no token, and repeats none in a refusal (A2)', async () => {
    const provider = new Provider();
    await provider.rotate('k1');
    const { authenticator, clock } = await started(provider, { clusterToken: 'cluster-secret' });
    const bad = await provider.token('k1', clock.nowMs(), { aud: 'secret-audience' });
    const said = [await ask(authenticator, bad), await ask(authenticator, `${bad}x`), ...log.lines].map(String);
    for (const part of [...bad.split('.'), 'secret-audience', 'cluster-secret']) {
      expect(said.filter((line) => line.includes(part))).toEqual([]);
    }
    expect(await ask(authenticator, 'cluster-secret')).toMatchObject({ kind: 'service' });
  });
});

describe('where keys come from', () => {
  it('reads a file or a URL, but no URL that anybody on the network could answer', async () => {
    const key = await newDevKey();
    const directory = await mkdtemp(join(tmpdir(), 'parkade-keys-'));
    closers.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'jwks.json');
    await writeFile(path, JSON.stringify(key.jwks));
    const signal = new AbortController().signal;
    expect(await readKeys(path)(signal)).toEqual(key.jwks);
    const server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/keys' }).end();
      else if (request.url === '/huge') response.end('x'.repeat(2 * 1024 * 1024));
      else response.writeHead(request.url === '/keys' ? 200 : 500).end(JSON.stringify(key.jwks));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => void server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await readKeys(`${origin}/keys`)(signal)).toEqual(key.jwks);
    for (const path of ['/moved', '/broken', '/huge']) await expect(readKeys(origin + path)(signal)).rejects.toThrow();
    expect(() => readKeys('http://idp.example/keys')).toThrow('https: alone');
  });
});

describe('a development key', () => {
  it('is made once in a file that only its owner reads, and mints tokens every process with it accepts', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'parkade-dev-'));
    closers.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'dev.jwk');
    await expect(loadDevKey(path, false)).rejects.toThrow();
    const [key, same] = [await loadDevKey(path, true), await loadDevKey(path, true)];
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(same.clusterToken).toBe(key.clusterToken);
    expect(JSON.stringify(key.jwks)).not.toContain('"d"');
    const clock = new SystemClock();
    const config = { keys: () => Promise.resolve(same.jwks), issuer: DEV_ISSUER, audience: DEV_AUDIENCE };
    const authenticator = await TokenAuthenticator.start(config, { clock, log });
    closers.push(() => authenticator.close());
    const nowMs = clock.nowMs();
    const token = await key.mint({ subject: 'me', rights: { operator: true }, nowMs, expiresAtMs: nowMs + HOUR_MS });
    expect(await ask(authenticator, token)).toMatchObject({ subject: 'me', operator: true });
  });
});
