import { describe, expect, it } from 'vitest';
import { UsageFailure } from '../terminal/exit-codes.js';
import { FlagReader } from './flag-reader.js';
import { parseTime } from './times.js';

function faultsOf(read: (flags: FlagReader) => void, values: Record<string, unknown>): readonly string[] {
  const flags = new FlagReader(values);
  read(flags);
  try {
    flags.check();
    return [];
  } catch (error) {
    if (error instanceof UsageFailure) return error.faults;
    throw error;
  }
}

describe('flags', () => {
  it('reports every fault together, each with its flag', () => {
    const faults = faultsOf(
      (flags) => {
        flags.integer('shards', 1, 4096, 16);
        flags.time('leaseTtl', 2_000, 60_000, 5_000);
        flags.oneOf('logLevel', ['info', 'warn'], 'info');
        flags.address('gateway');
        flags.endpoints('etcd');
        flags.required('callId', 'the call to park');
        flags.boolean('autoTenants', true);
      },
      { shards: 'many', leaseTtl: '1s', logLevel: 'loud', gateway: 'here', etcd: 'a:1,b', autoTenants: 'perhaps' },
    );
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      '--shards',
      '--lease-ttl',
      '--log-level',
      '--gateway',
      '--etcd',
      '--call-id',
      '--auto-tenants',
    ]);
  });

  it('reads what is right and falls back where nothing is given', () => {
    const flags = new FlagReader({ shards: '16', etcd: 'http://a:2379,b:2379', json: true, autoTenants: 'no' });
    expect(flags.integer('shards', 1, 4096, 256)).toBe(16);
    expect(flags.endpoints('etcd')).toEqual(['http://a:2379', 'b:2379']);
    expect(flags.endpoints('other')).toBeUndefined();
    expect(flags.boolean('json', false)).toBe(true);
    expect(flags.boolean('autoTenants', true)).toBe(false);
    expect(flags.time('grace', 0, 60_000, 20_000)).toBe(20_000);
    expect(() => flags.check()).not.toThrow();
  });

  it('reads times with and without a unit', () => {
    expect(['500ms', '5s', '5', '1.5m', '2h'].map(parseTime)).toEqual([500, 5_000, 5_000, 90_000, 7_200_000]);
    expect(['', 'x', '5 s', '-1s', '1d'].map(parseTime)).toEqual(Array(5).fill(undefined));
  });
});
