import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ringFailure } from './causes.js';
import { isWord, listVariable, plainText, quotedVariable } from './values.js';

test('no text of a caller keeps anything that a command line gives a meaning', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(plainText(text)).not.toMatch(/[\p{Cc}'"\\{}[\]<>$`|^]/u);
      expect(listVariable(text)).not.toContain(';');
      expect(quotedVariable(text).slice(1, -1)).not.toContain("'");
    }),
  );
});

test('ordinary names stay what they are', () => {
  expect(plainText('Müller, Ana (Büro) 7%')).toBe('Müller, Ana (Büro) 7%');
});

test('a word has no blank, no quote and no expansion', () => {
  expect(['*3701', 'user/1@a.example', 'file_string://a!b'].every(isWord)).toBe(true);
  expect(['a b', "a'b", 'a${b}', 'a\nb', '', 'a;b'].some(isWord)).toBe(false);
});

test('every recorded cause of a phone that is not connected has its meaning; an unknown one is a failure', () => {
  const told = ['USER_BUSY', 'NO_ANSWER', 'SUBSCRIBER_ABSENT', 'DESTINATION_OUT_OF_ORDER', 'NO_USER_RESPONSE'];
  expect(told.map((cause) => ringFailure(`-ERR ${cause}\n`))).toEqual([
    'busy',
    'no-answer',
    'unregistered',
    'failed',
    'no-answer',
  ]);
});
