import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lampClash } from './lamp-ids.js';
import { DEFAULT_RESERVED_LOTS, type LotSettings, type LotSettingsInput, parseLot } from './lot-settings.js';
import { slotAt, slotCount } from './ranges.js';
import { canonicalPresenceId } from './resolve.js';

function lot(lotId: string, input: LotSettingsInput): LotSettings {
  const read = parseLot(lotId, input);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return read.value;
}

const clash = (a: LotSettingsInput, b: LotSettingsInput): boolean =>
  lampClash(lot('a', a), [lot('b', b)]) !== undefined;
const range = (first: string, last = first): LotSettingsInput => ({ ranges: [{ first, last }] });

describe('lamps of two lots (R19)', () => {
  it.each<[string, LotSettingsInput, LotSettingsInput, boolean]>([
    ['overlapping ranges', range('701', '720'), range('720', '730'), true],
    ['ranges beside each other', range('701', '720'), range('721', '730'), false],
    ['leading zeros are other slots', range('7'), range('007'), false],
    ['another prefix', range('701', '720'), { ...range('701', '720'), presence_prefix: 'vip*' }, false],
    [
      'a prefix that ends where the other slots begin',
      range('701', '720'),
      { ...range('01'), presence_prefix: '*37' },
      true,
    ],
    ['and one that does not reach them', range('701', '720'), { ...range('21'), presence_prefix: '*37' }, false],
    ['slots named freely', { any_slot: true }, { ...range('5'), any_slot: true }, false],
    ['a hidden lot has none', range('701'), { ...range('701'), hidden: true }, false],
  ])('%s', (_, a, b, expected) => {
    expect([clash(a, b), clash(b, a)]).toEqual([expected, expected]);
  });

  it('are told apart from those of extensions, and a lot from itself', () => {
    const reserved = [...DEFAULT_RESERVED_LOTS.values()];
    expect(lampClash(lot('a', { ...range('701'), any_slot: true }), reserved)).toBeUndefined();
    expect(lampClash(lot('a', { ...range('8101'), presence_prefix: '*6' }), reserved)?.lot_id).toBe('_extensions');
    expect(lampClash(lot('a', range('701')), [lot('a', range('701'))])).toBeUndefined();
  });

  it('clash exactly where two slots have one id', () => {
    const digits = fc.stringMatching(/^[01]{1,3}$/);
    const arbitrary = fc
      .record({ prefix: fc.stringMatching(/^[*]?[01]{0,2}$/), ends: fc.tuple(digits, digits) })
      .map(({ prefix, ends: [a, b] }) => {
        const [first, last] = [a, b.padEnd(a.length, '1').slice(0, a.length)].sort();
        return { ...range(first ?? a, last), presence_prefix: prefix };
      });
    const ids = (of: LotSettings): string[] =>
      Array.from({ length: slotCount(of.ranges) }, (_, i) => canonicalPresenceId(of, slotAt(of.ranges, i) ?? ''));
    fc.assert(
      fc.property(arbitrary, arbitrary, (a, b) => {
        const taken = new Set(ids(lot('a', a)));
        expect(clash(a, b)).toBe(ids(lot('b', b)).some((id) => taken.has(id)));
      }),
    );
  });
});
