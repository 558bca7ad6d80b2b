import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { jsonLog } from './json-log.js';

describe('the log', () => {
  it('writes an event as one line of JSON, errors by their message, and keeps its own fields', () => {
    const lines: string[] = [];
    const log = jsonLog('info', (line) => lines.push(line), new ManualClock());
    log.warn('shard lost', { shard: 7, error: new Error('away'), level: 'deep', count: 3n });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      event: 'shard lost',
      shard: 7,
      error: 'away',
      'field.level': 'deep',
      count: '3',
    });
  });

  it('writes no secret', () => {
    const lines: string[] = [];
    const log = jsonLog('info', (line) => lines.push(line), new ManualClock());
    log.info('who', { token: 'eyJ', password: 'ClueCon', shard: 7 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ token: '[hidden]', password: '[hidden]', shard: 7 });
    expect(lines.join()).not.toMatch(/eyJ|ClueCon/);
  });

  it('has no debug unless it is asked for', () => {
    expect(jsonLog('info', () => undefined, new ManualClock()).debug).toBeUndefined();
    const lines: string[] = [];
    jsonLog('debug', (line) => lines.push(line), new ManualClock()).debug?.('parked', { slot: '701' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'debug', event: 'parked', slot: '701' });
  });

  it('leaves out what is below its level', () => {
    const lines: string[] = [];
    const log = jsonLog('error', (line) => lines.push(line), new ManualClock());
    log.info('a');
    log.warn('b');
    log.error('c');
    expect(lines).toHaveLength(1);
  });
});
