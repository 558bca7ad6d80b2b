import { expect, test } from 'vitest';
import { classifyDown, type LastWords } from './down.js';

const silent: LastWords = { shutdownEvent: false, notice: undefined, refusal: undefined, fenced: false };
const eof = { reason: 'eof', midFrame: false } as const;

test('only the word of FreeSWITCH itself means that the node stopped', () => {
  expect(classifyDown(eof, { ...silent, shutdownEvent: true })).toEqual({ kind: 'node-stopped' });
  expect(classifyDown(eof, { ...silent, notice: 'The system is being shut down.\n' })).toEqual({
    kind: 'node-stopped',
  });
  expect(classifyDown({ reason: 'silent' }, { ...silent, shutdownEvent: true })).toEqual({ kind: 'node-stopped' });
});

test('end of file, reset, silence and a goodbye without a shutdown mean that the connection broke', () => {
  for (const cause of [eof, { reason: 'socket-error', code: 'ECONNRESET' }, { reason: 'silent' }] as const) {
    expect(classifyDown(cause, silent)).toEqual({ kind: 'connection-broke', cause });
  }
  expect(classifyDown(eof, { ...silent, notice: 'Disconnected, goodbye.\n' })).toEqual({
    kind: 'connection-broke',
    cause: { reason: 'dropped', text: 'Disconnected, goodbye.' },
  });
});

test('a refusal, the fence and our own close have their kinds', () => {
  const refusal = '-ERR invalid';
  expect(classifyDown(eof, { ...silent, refusal, notice: 'x' })).toEqual({ kind: 'refused', text: refusal });
  expect(classifyDown(eof, { ...silent, fenced: true })).toEqual({ kind: 'fenced' });
  expect(classifyDown({ reason: 'closed-by-us' }, { ...silent, shutdownEvent: true })).toEqual({ kind: 'closed' });
});
