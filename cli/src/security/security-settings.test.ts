import { describe, expect, it } from 'vitest';
import { FlagReader } from '../flags/flag-reader.js';
import { UsageFailure } from '../terminal/exit-codes.js';
import { isLoopback, type ProcessKind, readSecurity, type SecuritySettings } from './security-settings.js';

const JWT = { auth: 'jwt', jwks: 'keys.json', issuer: 'idp', audience: 'parkade' };
const TLS = { tlsCert: 'c', tlsKey: 'k', tlsCa: 'a' };

function read(
  values: Record<string, string>,
  host = '127.0.0.1',
  kind: ProcessKind = 'public',
): SecuritySettings | string {
  const reader = new FlagReader(values);
  const settings = readSecurity(reader, host, kind);
  try {
    reader.check();
    return settings;
  } catch (error) {
    if (error instanceof UsageFailure) return error.message;
    throw error;
  }
}

describe('what protects a process', () => {
  it('is nothing on loopback unless more is said, and then nobody else may reach it', () => {
    expect(read({})).toMatchObject({ auth: { mode: 'open', said: false } });
    const refused = read({}, '0.0.0.0');
    for (const flag of ['--auth jwt', '--jwks', '--issuer', '--audience', '--tls-cert', '--auth open']) {
      expect(refused).toContain(flag);
    }
    expect(read({ auth: 'open' }, '0.0.0.0')).toMatchObject({ auth: { mode: 'open', said: true } });
  });

  it('is certificates and tokens beyond loopback; tokens never cross a network in the clear', () => {
    expect(read({ ...JWT, ...TLS }, '0.0.0.0')).toMatchObject({
      auth: { mode: 'jwt', issuer: 'idp' },
      tls: { cert: 'c' },
    });
    expect(read({ ...JWT, clusterToken: 'f' }, '0.0.0.0')).toContain('in the clear');
    expect(read({ auth: 'dev' }, '0.0.0.0')).toContain('is for loopback');
    expect(read({ auth: 'dev', ...TLS }, '::')).toContain('is for loopback');
    expect(read(TLS, '0.0.0.0')).toMatchObject({ auth: { mode: 'services' } });
  });

  it('asks for all that the mode needs, at once', () => {
    const missing = read({ auth: 'jwt' });
    for (const flag of ['--jwks', '--issuer', '--audience', '--cluster-token']) expect(missing).toContain(flag);
    expect(read({ ...JWT, clusterToken: 'f' })).toMatchObject({ clusterTokenFile: 'f' });
    expect(read(JWT, '127.0.0.1', 'whole')).toMatchObject({ makesClusterToken: true });
    expect(read({ auth: 'jwt', ...TLS }, '0.0.0.0', 'inner')).toMatchObject({ auth: { mode: 'services' } });
    expect(read({ ...JWT, ...TLS, jwtAlgorithms: 'ES256,HS256' })).toContain('not HS256');
    expect(read({ tlsCert: 'c' })).toContain('give all three');
    expect(read({ auth: 'none' })).toContain('jwt, dev, open');
  });

  it('knows which addresses no other machine reaches', () => {
    expect(['127.0.0.1', '127.3.2.1', '::1', '[::1]', 'localhost'].filter((host) => !isLoopback(host))).toEqual([]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.example.com', '', 'localhost.evil'].filter(isLoopback)).toEqual([]);
  });
});
