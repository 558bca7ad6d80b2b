import { SeededRandom } from '@parkade/clock';
import { newParkId } from '@parkade/ids';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newPickupSecret, pickupNumber, readPickupNumber } from './pickup-number.js';

const tenant = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 64,
});

it('says the park, the tenant and the digest of its secret, whatever they are, as the shipped dial plan lets through', () => {
  fc.assert(
    fc.property(tenant, fc.integer(), fc.nat({ max: 4_095 }), (tenantId, seed, shard) => {
      const random = new SeededRandom(seed);
      const parkId = newParkId(1_760_000_000_000, shard, random);
      const made = newPickupSecret(random);
      const number = pickupNumber(made, { tenantId, parkId });
      expect(readPickupNumber(number)).toEqual({ tenantId, parkId, digest: made.digest });
      expect(number).toMatch(/^pickup-[A-Za-z0-9_-]{48,132}$/);
      expect(number).not.toContain(Buffer.from(made.digest).toString('base64url'));
    }),
  );
});

it('is another one each time', () => {
  const random = new SeededRandom(1);
  expect(newPickupSecret(random).secret).not.toBe(newPickupSecret(random).secret);
});

it.each([
  ['nothing', ''],
  ['a slot', '701'],
  ['too short', `pickup-${'A'.repeat(47)}`],
  ['no park id', `pickup-${'A'.repeat(24)}${'A'.repeat(22)}YWNtZQ`],
  ['too long', `pickup-${'A'.repeat(200)}`],
  ['syntax in it', `pickup-${'A'.repeat(46)}YWNt;Q`],
])('is none: %s', (_, number) => {
  expect(readPickupNumber(number)).toBeUndefined();
});
