import type { Call } from '@parkade/client';
import { MemoryParks } from '@parkade/client/testing';
import { expect, it } from 'vitest';
import { Concierge } from './concierge.js';

const call = (callId: string, callerName: string): Call => ({ mediaNode: 'lobby', callId, callerName });

it('lets callers wait for guests, gives each to one phone, and takes a message when all slots are taken', async () => {
  const said: string[] = [];
  const concierge = new Concierge(new MemoryParks(), (line) => said.push(line));
  const first = await concierge.hold(call('c1', 'Ada'), 'Mr Babbage');
  await concierge.fetch(first?.slot ?? '', call('p1', ''));
  await concierge.fetch(first?.slot ?? '', call('p2', ''));
  for (let i = 0; i < 20; i++) await concierge.hold(call(`more-${i}`, 'Ada'), 'Mrs Lovelace');
  expect(await concierge.hold(call('last', 'Ada'), 'Mr Babbage')).toBeUndefined();
  expect(said.slice(0, 3)).toEqual([
    'Ada waits for Mr Babbage in slot 701',
    'Mr Babbage talks to Ada',
    'nobody waits in slot 701',
  ]);
  expect(said.at(-1)).toBe('no slot is free: a message for Mr Babbage, please');
});
