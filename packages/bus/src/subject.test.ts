import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, isPattern, isSubject, matcher, overlap } from './subject.js';

describe('subjects', () => {
  it.each(['a', 'a.b-c_1', 'a.%2E.b'])('takes %s as a subject', (text) => expect(isSubject(text)).toBe(true));
  it.each(['', '.', 'a.', '.a', 'a..b', 'a b', 'a.*', 'a.>', 'ä', 'a\n'])('refuses %j as a subject', (text) =>
    expect(isSubject(text)).toBe(false),
  );
  it.each(['a', '*', '>', 'a.*.b', 'a.>', '*.>'])('takes %s as a pattern', (text) =>
    expect(isPattern(text)).toBe(true),
  );
  it.each(['a.>.b', 'a*', 'a.b>', ''])('refuses %j as a pattern', (text) => expect(isPattern(text)).toBe(false));

  it.each([
    ['>', 'a', true],
    ['a.>', 'a', false],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a.>', true],
    ['a.>', 'a.*', true],
    ['a.*', 'a.>', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.b', 'a.*', false],
    ['*.b', 'a.b', true],
    ['a.b.c', 'a.b', false],
  ])('%s covers %s: %s', (pattern, narrower, expected) => expect(covers(pattern, narrower)).toBe(expected));

  it('matches a subject exactly where it covers it', () => {
    const token = fc.constantFrom('a', 'b', '*');
    const parts = fc.array(token, { minLength: 1, maxLength: 4 });
    const patterns = fc
      .tuple(parts, fc.boolean())
      .map(([tokens, open]) => [...tokens, ...(open ? ['>'] : [])].join('.'));
    const subjects = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 5 }).map((all) => all.join('.'));
    fc.assert(
      fc.property(patterns, subjects, (pattern, subject) => {
        expect(matcher(pattern)(subject)).toBe(covers(pattern, subject));
      }),
    );
  });

  it.each([
    ['a.>', 'a', false],
    ['a.>', '*.b', true],
    ['a.*', '*.b', true],
    ['a.*', 'a.b.c', false],
    ['a.b', 'a.c', false],
    ['>', 'x', true],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});
