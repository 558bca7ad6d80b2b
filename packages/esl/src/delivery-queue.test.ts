import { expect, test } from 'vitest';
import { DeliveryQueue } from './delivery-queue.js';

function queue(
  max: number,
  deliver: (item: number) => void | Promise<void>,
): { queue: DeliveryQueue<number>; log: string[] } {
  const log: string[] = [];
  const made = new DeliveryQueue<number>(max, {
    deliver,
    onFault: (error) => log.push(`fault ${String(error)}`),
    onFull: () => log.push('full'),
    onSpace: () => log.push('space'),
  });
  return { queue: made, log };
}

test('V1: items come one at a time, in order, each after the one before is done', async () => {
  const steps: string[] = [];
  const { queue: items } = queue(100, async (item) => {
    steps.push(`${item} begins`);
    await Promise.resolve();
    steps.push(`${item} ends`);
  });
  items.push(1);
  items.push(2);
  await items.idle();
  expect(steps).toEqual(['1 begins', '1 ends', '2 begins', '2 ends']);
});

test('V2: a listener that is done at once sees an item in the turn it arrives', () => {
  const seen: number[] = [];
  const { queue: items } = queue(100, (item) => void seen.push(item));
  items.push(1);
  expect(seen).toEqual([1]);
});

test('V3: it asks for a pause at its maximum and for more at half of it, and drops nothing', async () => {
  const seen: number[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const { queue: items, log } = queue(4, async (item) => {
    await gate;
    seen.push(item);
  });
  for (let i = 0; i < 6; i++) items.push(i);
  expect(log).toEqual(['full']);
  open();
  await items.idle();
  expect(log).toEqual(['full', 'space']);
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
});

test('V4: a failing listener is reported and the next item still comes', async () => {
  const seen: number[] = [];
  const { queue: items, log } = queue(4, (item) => {
    if (item === 1) throw new Error('broken');
    if (item === 2) return Promise.reject(new Error('rejected'));
    seen.push(item);
    return undefined;
  });
  for (const item of [1, 2, 3]) items.push(item);
  await items.idle();
  expect(seen).toEqual([3]);
  expect(log).toEqual(['fault Error: broken', 'fault Error: rejected']);
});

test('held items follow the one they are released with, or are dropped', async () => {
  const seen: number[] = [];
  const { queue: items } = queue(4, (item) => void seen.push(item));
  items.hold();
  items.push(2);
  items.release(1);
  items.hold();
  items.push(3);
  items.drop();
  items.push(4);
  await items.idle();
  expect(seen).toEqual([1, 2, 4]);
});
