import { describe, expect, it } from 'vitest';
import { feedLamp } from './feed-message.js';

const MESSAGE = {
  tenant: 'acme',
  lot: 'front desk',
  slot: '701',
  state: 'early',
  presence_id: '*3701',
  version: 12_345_678_901,
  caller: null,
  parker: null,
  park_ids: [],
  since_ms: 0,
  document: '<dialog-info/>',
};

const read = (change: Partial<Record<keyof typeof MESSAGE, unknown>>): ReturnType<typeof feedLamp> =>
  feedLamp(Buffer.from(JSON.stringify({ ...MESSAGE, ...change })));

describe('a lamp in a feed', () => {
  it('names its slot within the tenant, its revision and whether it is lit', () => {
    expect(read({})).toEqual({
      type: 'lamp',
      tenant: 'acme',
      slot: 'front=20desk.701',
      revision: 12_345_678_901,
      user: '*3701',
      host: '',
      lit: 1,
      document: '<dialog-info/>',
      tenant_host: 'acme',
    });
    expect(read({ state: 'confirmed' })?.lit).toBe(1);
    expect(read({ state: 'terminated' })?.lit).toBe(0);
  });

  it('is of one domain where its id names one', () => {
    expect(read({ presence_id: 'lobby@EU.acme.example' })).toMatchObject({ user: 'lobby', host: 'eu.acme.example' });
    expect(read({ presence_id: 'a@b@c' })).toMatchObject({ user: 'a%40b', host: 'c' });
  });

  it('writes its id as Kamailio writes the user of a URI', () => {
    expect(read({ presence_id: `aZ09-_.!~*'()&=+$,;?` })?.user).toBe(`aZ09-_.!~*'()&=+$,;?`);
    expect(read({ presence_id: '#1/"x"%:' })?.user).toBe('%231%2f%22x%22%25%3a');
  });

  it('is none where the message is not one', () => {
    expect(feedLamp(Buffer.from('{'))).toBeUndefined();
    expect(feedLamp(Buffer.from('null'))).toBeUndefined();
    expect(read({ state: 'blue' })).toBeUndefined();
    expect(read({ version: -1 })).toBeUndefined();
  });
});
