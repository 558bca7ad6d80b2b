import { ManualClock, SeededRandom } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { EmbeddedBroker, EmbeddedBus } from './embedded.js';
import { openBus, parseNatsAddress } from './open-bus.js';

describe('openBus', () => {
  const clock = new ManualClock();
  const deps = { clock, random: new SeededRandom(1) };

  it('opens an embedded bus, on a shared broker where it is given one', () => {
    const broker = new EmbeddedBroker(clock);
    const shared = openBus('embedded:', { ...deps, broker });
    expect(shared).toBeInstanceOf(EmbeddedBus);
    expect(shared instanceof EmbeddedBus && shared.broker).toBe(broker);
    const own = openBus('embedded:', deps);
    expect(own instanceof EmbeddedBus && own.broker).not.toBe(broker);
  });

  it.each([
    ['nats://a:4222', { servers: ['a:4222'] }],
    ['nats://a:4222,b-1.c:4223/', { servers: ['a:4222', 'b-1.c:4223'] }],
    ['tls://a', { servers: ['a'], tls: {} }],
    ['nats://[::1]:4222?replicas=3', { servers: ['[::1]:4222'], replicas: 3 }],
    ['nats://u:p%40ss@a:1', { servers: ['a:1'], credentials: { kind: 'password', user: 'u', pass: 'p@ss' } }],
  ])('takes %s apart', (address, expected) => expect(parseNatsAddress(address)).toEqual(expected));

  it.each(['', 'nats://', 'nats:a', 'http://a', 'nats://a:4222,', 'nats://a?replicas=2', 'nats://a b', 'nats://u:%@a'])(
    'refuses %j as invalid, without repeating it',
    (address) => expect(() => openBus(address, deps)).toThrow(expect.objectContaining({ code: 'invalid' })),
  );
});
