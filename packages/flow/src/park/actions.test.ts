import { readFileSync, writeFileSync } from 'node:fs';
import { PromptKind } from '@parkade/proto';
import { PARK_ACTIONS } from '@parkade/settings';
import { expect, it } from 'vitest';
import { deedOf, type SlotState, type Verdict, verdictOf, type WayIn } from './decision-table.js';

// What each line of testdata/actions.txt leads to is written under it. With REWRITE_SCENARIOS=1 in the environment it is
// written anew, for the eyes of whoever reads the difference.

const WAYS: readonly WayIn[] = ['direct', 'blind', 'attended'];
const STATES: readonly SlotState[] = ['free', 'reserved', 'held', 'retrieving', 'none'];

it('the stories of testdata/actions.txt go as they are told', () => {
  const url = new URL('testdata/actions.txt', import.meta.url);
  const text = readFileSync(url, 'utf8');
  const played = text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => (paragraph.includes('\n----') ? play(paragraph) : paragraph))
    .join('\n\n');
  if (process.env['REWRITE_SCENARIOS'] === '1') writeFileSync(url, `${played}\n`);
  else expect(`${played}\n`).toBe(text);
});

function play(paragraph: string): string {
  const [commands = ''] = paragraph.split('\n----');
  const said = commands.split('\n').flatMap((line) => {
    const [, way = '', action = '', states = ''] = /^(\w+) (\w+): (.*)$/.exec(line) ?? [];
    return states.split(' ').map((state) => `${way} ${action}, ${state}: ${verdict(way, action, state)}`);
  });
  return [commands, '----', ...said].join('\n');
}

function verdict(way: string, action: string, state: string): string {
  return words(verdictOf(deedOf(known(WAYS, way), known(PARK_ACTIONS, action)), known(STATES, state)));
}

function known<T extends string>(names: readonly T[], name: string): T {
  const found = names.find((each) => each === name);
  if (found === undefined) throw new Error(`${name} is none of ${names.join(', ')}`);
  return found;
}

function words(result: Verdict): string {
  const says = 'says' in result ? `, says ${PromptKind[result.says]}` : '';
  switch (result.is) {
    case 'wait':
      return `waits at most ${result.maxMs / 1000} s, then rejected${says}`;
    case 'rejected':
      return `${result.answer ? 'answered and rejected' : 'rejected unanswered'}${says}`;
    case 'on-occupied':
      return 'next free slot, else held';
    case 'leave':
      return 'goes on at MAX_SLOT_EXCEEDED, else at _';
    case 'parked':
    case 'reserved':
    case 'retrieve-begun':
      return `${result.is.replace('-', ' ')}${says}`;
  }
}
