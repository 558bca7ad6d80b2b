import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EVENT_KINDS, FAILED } from './event-kinds.js';

it('documents every kind of event once, and no other (R24)', () => {
  const page = readFileSync(new URL('../../../docs/EVENTS.md', import.meta.url), 'utf8');
  const table = page.split(/^## /m).find((section) => section.startsWith('Kinds')) ?? '';
  const documented = [...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, kind]) => kind);
  expect(documented.toSorted()).toEqual([...Object.values(EVENT_KINDS), FAILED].toSorted());
});
