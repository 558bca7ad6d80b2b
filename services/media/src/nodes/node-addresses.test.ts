import { ManualClock } from '@parkade/clock';
import { expect, it } from 'vitest';
import { NodeAddresses } from './node-addresses.js';

const SIP: Readonly<Record<string, string>> = {
  first: '10.0.0.1:5090',
  second: '10.0.0.1:5091',
  third: 'fs-3.switches:5090',
  sixth: '[2001:db8::6]:5090',
  silent: '',
};

function addressesOf(lookUp: (host: string) => Promise<readonly string[]>, clock = new ManualClock()): NodeAddresses {
  const get = (name: string) => {
    const sipAddress = SIP[name];
    return sipAddress === undefined ? undefined : { name, host: 'h', port: 8021, sipAddress, recovers: false };
  };
  return new NodeAddresses({ names: () => Object.keys(SIP), get }, lookUp, clock);
}

it('knows the nodes at an address, those behind a name too, and nobody for one without a registration', async () => {
  const addresses = addressesOf(() => Promise.resolve(['10.0.0.3']));
  expect(await addresses.nodesAt('10.0.0.1')).toEqual(['first', 'second']);
  expect(await addresses.nodesAt('::ffff:10.0.0.3')).toEqual(['third']);
  expect(await addresses.nodesAt('2001:DB8::6')).toEqual(['sixth']);
  expect(await addresses.nodesAt('10.0.0.9')).toEqual([]);
  expect(await addresses.nodesAt('')).toEqual([]);
});

it('asks for a name once while it is believed, and at once again where it had none', async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const addresses = addressesOf((host) => {
    asked.push(host);
    return asked.length === 1 ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(['10.0.0.3']);
  }, clock);
  expect(await addresses.nodesAt('10.0.0.3')).toEqual([]);
  expect(await addresses.nodesAt('10.0.0.3')).toEqual(['third']);
  expect(await addresses.nodesAt('10.0.0.3')).toEqual(['third']);
  expect(asked).toHaveLength(2);
  await clock.advance(30_000);
  expect(await addresses.nodesAt('10.0.0.3')).toEqual(['third']);
  expect(asked).toHaveLength(3);
});
