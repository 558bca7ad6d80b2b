import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { untilStopped } from './until-stopped.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

const silent = { line: () => undefined, error: () => undefined, colour: false };

it('stops at the first signal, ends the process at the second, and hears none after its release', async () => {
  const source = new FakeProcess();
  const stopping = untilStopped(silent, source);
  expect(stopping.signal.aborted).toBe(false);
  source.emit('SIGTERM');
  await stopping.stopped;
  expect([stopping.signal.aborted, source.exits]).toEqual([true, []]);
  source.emit('SIGINT');
  source.emit('SIGTERM');
  expect(source.exits).toEqual([130, 143]);
  stopping.release();
  expect(source.eventNames()).toEqual([]);
});
