import { ManualClock } from '@parkade/clock';
import { beforeEach, expect, test } from 'vitest';
import { CommandQueue, type ReplyFrame } from './command-queue.js';
import { apiCommand } from './commands.js';
import { EslHeaders } from './headers.js';
import { DEFAULT_COMMAND_LIMITS, type CommandLimits } from './limits.js';
import type { CommandResult } from './outcome.js';

let clock: ManualClock;
let written: string[];
let allowed: boolean;
let clear: boolean;
let overdue: number;

beforeEach(() => {
  clock = new ManualClock();
  [written, allowed, clear, overdue] = [[], true, true, 0];
});

function queue(limits: Partial<CommandLimits> = {}): CommandQueue {
  return new CommandQueue({ ...DEFAULT_COMMAND_LIMITS, ...limits }, clock, {
    mayWrite: () => allowed,
    isClear: () => clear,
    write: (bytes) => written.push(bytes.toString().trimEnd()),
    overdue: () => overdue++,
  });
}

const api = (text: string): ReplyFrame => ({ kind: 'api-response', text });
const reply = (text: string): ReplyFrame => ({ kind: 'command-reply', text, headers: new EslHeaders({}) });

function texts(results: CommandResult[]): string[] {
  return results.map((result) => (result.ok ? result.reply.text : result.reason));
}

test('Q1: replies go to the commands in the order they were written', async () => {
  const commands = queue();
  const results = ['1', '2', '3'].map((text) => commands.send(apiCommand('echo', text)));
  for (const text of ['1', '2', '3']) expect(commands.onReply(api(text))).toBe(true);
  expect(texts(await Promise.all(results))).toEqual(['1', '2', '3']);
  expect(clock.pendingTimers).toBe(0);
});

test('Q1: a reply that no command can mean is not taken', () => {
  const commands = queue();
  expect(commands.onReply(reply('+OK'))).toBe(false);
  void commands.send({ line: 'filter a b' });
  expect(commands.onReply(api('body'))).toBe(false);
});

test('an api that is not permitted is answered by a command reply', async () => {
  const commands = queue();
  const result = commands.send(apiCommand('status'));
  expect(commands.onReply(reply('-ERR permission denied'))).toBe(true);
  expect(await result).toEqual({ ok: false, reason: 'refused', text: '-ERR permission denied' });
});

test('Q2: the guard is asked before each write, and a withheld command leaves no byte', async () => {
  const commands = queue({ maxInFlight: 1 });
  const first = commands.send(apiCommand('echo', '1'));
  const second = commands.send(apiCommand('echo', '2'));
  allowed = false;
  commands.onReply(api('1'));
  expect(texts(await Promise.all([first, second]))).toEqual(['1', 'fenced']);
  expect(written).toEqual(['api echo 1']);
});

test('Q3: while the socket holds bytes back nothing is handed to it, and the guard decides when it is clear', async () => {
  const commands = queue();
  clear = false;
  const result = commands.send(apiCommand('status'));
  expect(written).toEqual([]);
  [clear, allowed] = [true, false];
  commands.pump();
  expect(await result).toEqual({ ok: false, reason: 'fenced' });
  expect(written).toEqual([]);
});

test('Q4: a time-out tells whether the command may have run, and its late reply is not given to the next', async () => {
  const commands = queue({ maxInFlight: 1 });
  const slow = commands.send(apiCommand('echo', 'slow'), 1_000);
  const waiting = commands.send(apiCommand('echo', 'waiting'), 1_000);
  await clock.advance(1_000);
  expect(await slow).toEqual({ ok: false, reason: 'timeout', sent: true, limitMs: 1_000 });
  expect(await waiting).toEqual({ ok: false, reason: 'timeout', sent: false, limitMs: 1_000 });
  const next = commands.send(apiCommand('echo', 'next'));
  expect(written).toEqual(['api echo slow']);
  commands.onReply(api('slow'));
  commands.onReply(api('next'));
  expect(texts([await next])).toEqual(['next']);
});

test('Q4: the end of the connection fails what is out as sent, and what waits as not sent', async () => {
  const commands = queue({ maxInFlight: 1 });
  const results = [commands.send(apiCommand('a')), commands.send(apiCommand('b'))];
  commands.close();
  results.push(commands.send(apiCommand('c')));
  expect(await Promise.all(results)).toEqual([
    { ok: false, reason: 'down', sent: true },
    { ok: false, reason: 'down', sent: false },
    { ok: false, reason: 'down', sent: false },
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('Q5: beyond maxQueued a command is refused at once', async () => {
  const commands = queue({ maxInFlight: 2, maxQueued: 3 });
  for (let i = 0; i < 5; i++) void commands.send(apiCommand('echo', String(i)));
  expect(await commands.send(apiCommand('echo', '5'))).toEqual({ ok: false, reason: 'queue-full', limit: 3 });
  expect(commands.length).toBe(5);
  expect(written).toEqual(['api echo 0', 'api echo 1']);
});

test('a command whose reply stays out is reported overdue, later than its own limit', async () => {
  const commands = queue({ overdueLimitMs: 30_000 });
  void commands.send(apiCommand('echo', '1'), 1_000);
  await clock.advance(29_999);
  expect(overdue).toBe(0);
  await clock.advance(1);
  expect(overdue).toBe(1);
});

test('a command that cannot be encoded is never queued', async () => {
  expect(await queue().send(apiCommand('originate', 'x\n\napi shutdown'))).toMatchObject({ reason: 'invalid' });
  expect(written).toEqual([]);
});

test('Q6: a nudge is a blank line, written where the guard allows it and nothing else wakes the switch', async () => {
  const commands = queue();
  commands.nudge();
  expect(written).toEqual(['']);
  const result = commands.send(apiCommand('status'));
  commands.nudge();
  expect(written).toEqual(['', 'api status']);
  expect(commands.onReply(api('up'))).toBe(true);
  expect(texts([await result])).toEqual(['up']);
  allowed = false;
  commands.nudge();
  [allowed, clear] = [true, false];
  commands.nudge();
  expect(written).toHaveLength(2);
});
