import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EslDecoder, type DecodeError } from './decoder.js';
import type { EslFrame } from './frame.js';
import { readTranscript, transcriptNames } from './testing/transcripts.js';

const transcripts = transcriptNames().map(readTranscript);

function decode(chunks: Iterable<Uint8Array>): {
  frames: EslFrame[];
  error: DecodeError | undefined;
  midFrame: boolean;
} {
  const decoder = new EslDecoder();
  const frames: EslFrame[] = [];
  let error: DecodeError | undefined;
  for (const chunk of chunks) {
    const decoded = decoder.push(chunk);
    frames.push(...decoded.frames);
    error = decoded.error;
  }
  return { frames, error, midFrame: decoder.midFrame };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const marks = [0, ...at.map((mark) => mark % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return marks.slice(1).map((mark, index) => bytes.subarray(marks[index], mark));
}

function* singly(bytes: Buffer): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}

function count(text: string, needle: string): number {
  return text.split(needle).length - 1;
}

test('every recording decodes whole: no error, nothing unreadable, nothing left over', () => {
  expect(transcripts.length).toBeGreaterThan(80);
  for (const { name, s2c } of transcripts) {
    const { frames, error, midFrame } = decode([s2c]);
    expect({ name, error, midFrame }).toEqual({ name, error: undefined, midFrame: false });
    expect(frames.filter((frame) => frame.kind === 'unreadable')).toEqual([]);
    const text = s2c.toString('latin1');
    const plainAndJson =
      count(text, 'Content-Type: text/event-plain\n') + count(text, 'Content-Type: text/event-json\n');
    expect(frames.filter((frame) => frame.kind === 'event').length).toBe(plainAndJson);
    expect(frames.filter((frame) => frame.kind === 'command-reply').length).toBe(
      count(text, 'Content-Type: command/reply\n'),
    );
    expect(frames.filter((frame) => frame.kind === 'api-response').length).toBe(
      count(text, 'Content-Type: api/response\n'),
    );
  }
});

test('D1: every recording decodes to the same frames under any split of its bytes', () => {
  const whole = new Map(transcripts.map(({ name, s2c }) => [name, JSON.stringify(decode([s2c]))]));
  fc.assert(
    fc.property(
      fc.constantFrom(...transcripts),
      fc.array(fc.nat(200_000), { maxLength: 60 }),
      ({ name, s2c }, marks) => JSON.stringify(decode(cut(s2c, marks))) === whole.get(name),
    ),
    { numRuns: 1_000 },
  );
});

test('D1: every recording decodes to the same frames byte by byte', () => {
  for (const { name, s2c } of transcripts) {
    if (s2c.length > 40_000) continue;
    expect(JSON.stringify(decode(singly(s2c))), name).toBe(JSON.stringify(decode([s2c])));
  }
});

describe('D3: a stream that breaks a bound ends with a typed error', () => {
  const limits = { maxHeaderBytes: 100, maxBodyBytes: 50 };
  const good = 'Content-Type: auth/request\n\n';
  test.each<[string, DecodeError]>([
    [`Content-Type: ${'x'.repeat(100)}\n\n`, { reason: 'header-too-long', limitBytes: 100 }],
    ['y'.repeat(102), { reason: 'header-too-long', limitBytes: 100 }],
    [
      'Content-Type: api/response\nContent-Length: 51\n\n',
      { reason: 'body-too-long', limitBytes: 50, lengthBytes: 51 },
    ],
    ['Content-Type: api/response\nContent-Length: -1\n\n', { reason: 'bad-content-length', value: '-1' }],
    ['Content-Type: api/response\nContent-Length: 1e9\n\n', { reason: 'bad-content-length', value: '1e9' }],
    ['HTTP/1.1 200 OK\n\n', { reason: 'no-content-type' }],
  ])('%j', (bad, error) => {
    for (const chunks of [[Buffer.from(good + bad + good)], [...singly(Buffer.from(good + bad + good))]]) {
      const decoder = new EslDecoder(limits);
      const results = chunks.map((chunk) => decoder.push(chunk));
      expect(results.flatMap((result) => result.frames)).toEqual([{ kind: 'auth-request' }]);
      expect(results.at(-1)?.error).toEqual(error);
      expect(decoder.push(Buffer.from(good)).frames).toEqual([]);
    }
  });

  test('a header block and a body of exactly their bound pass', () => {
    const head = 'Content-Type: api/response\nContent-Length: 50\nX: ';
    const decoder = new EslDecoder(limits);
    const bytes = Buffer.from(`${head}${'x'.repeat(100 - head.length)}\n\n${'b'.repeat(50)}`);
    expect(decoder.push(bytes)).toEqual({
      frames: [{ kind: 'api-response', text: 'b'.repeat(50) }],
      error: undefined,
    });
  });
});

test('D2: memory for a large body is bounded while it comes in and given back after it', () => {
  const decoder = new EslDecoder();
  const lengthBytes = 8 * 1024 * 1024;
  decoder.push(Buffer.from(`Content-Type: api/response\nContent-Length: ${lengthBytes}\n\n`));
  const piece = Buffer.alloc(lengthBytes / 128, 0x61);
  let frames: EslFrame[] = [];
  for (let i = 0; i < 128; i++) {
    frames = decoder.push(piece).frames;
    expect(decoder.heldBytes).toBeLessThanOrEqual(2 * lengthBytes);
  }
  expect(frames.map((frame) => frame.kind)).toEqual(['api-response']);
  expect(decoder.heldBytes).toBeLessThanOrEqual(64 * 1024);
});

test('line feeds between frames are skipped', () => {
  const bytes = Buffer.from('\n\nContent-Type: auth/request\n\n\nContent-Type: auth/request\n\n');
  for (const chunks of [[bytes], [...singly(bytes)]]) {
    expect(decode(chunks)).toMatchObject({
      frames: [{ kind: 'auth-request' }, { kind: 'auth-request' }],
      error: undefined,
    });
  }
});
