import { expect, test } from 'vitest';
import { SwitchEvents } from './switch-events.js';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

test('events leave in the order they were offered, each after the switch took the one before (E1)', async () => {
  const taken: string[] = [];
  let open = 0;
  const fire = async ({ line }: { line: string }): Promise<boolean> => {
    expect(++open).toBe(1);
    await Promise.resolve();
    open--;
    taken.push(line);
    return true;
  };
  const events = new SwitchEvents({ fire, overflow: () => undefined, maxQueued: 10 });
  for (const line of ['a', 'b', 'c']) events.offer({ line });
  await settle();
  expect(taken).toEqual(['a', 'b', 'c']);
});

test('what is too much is dropped, and all is asked for again when the queue is out (E3)', async () => {
  const taken: string[] = [];
  let overflows = 0;
  const fire = ({ line }: { line: string }): Promise<boolean> => {
    taken.push(line);
    return Promise.resolve(true);
  };
  const events = new SwitchEvents({ fire, overflow: () => (overflows += 1), maxQueued: 2 });
  for (const line of ['a', 'b', 'c', 'd', 'e']) events.offer({ line });
  await settle();
  expect([taken.slice(0, 3), overflows]).toEqual([['a', 'b', 'c'], 1]);
  expect(taken).not.toContain('e');
});
