import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '@parkade/clock';
import { type Resolve, targetOf } from './target.js';

export interface PostLimits {
  readonly allowPrivateTargets: boolean;
  readonly attemptTimeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface PostDeps {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly limits: PostLimits;
}

/** What came of an attempt: `gone` is an endpoint's own word that it wants nothing more (410). */
export type PostOutcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'gone'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string };

/**
 * Posts a body once. Never rejects.
 *
 *   P1. Connected is only to an address that was checked, looked up anew for each attempt; redirects are not followed.
 *   P2. It ends within its time, whatever the other side does; of the answer's body a bounded part is read.
 */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  { clock, resolve, limits }: PostDeps,
  signal: AbortSignal,
): Promise<PostOutcome> {
  const time = new AbortController();
  const timer = clock.setTimer(limits.attemptTimeoutMs, () => time.abort());
  const end = AbortSignal.any([signal, time.signal]);
  try {
    const target = new URL(url);
    const { address, family } = await within(targetOf(target, limits.allowPrivateTargets, resolve), end);
    const status = await send(target, { address, family }, headers, body, limits.maxAnswerBytes, end);
    if (status >= 200 && status < 300) return { kind: 'taken' };
    return { kind: status === 410 ? 'gone' : 'failed', error: `answered ${status}` };
  } catch (error) {
    if (time.signal.aborted) return { kind: 'failed', error: `no answer within ${limits.attemptTimeoutMs} ms` };
    return { kind: 'failed', error: error instanceof Error ? error.message.slice(0, 200) : 'failed' };
  } finally {
    timer.cancel();
  }
}

function send(
  url: URL,
  { address, family }: { readonly address: string; readonly family: number },
  headers: Readonly<Record<string, string>>,
  body: string,
  maxAnswerBytes: number,
  signal: AbortSignal,
): Promise<number> {
  const pinned: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // A connection of its own: one that is kept would go to an address that was checked long ago.
      agent: false,
      lookup: pinned,
      signal,
    } as const;
    const outgoing = request(url, options, (answer) => {
      let read = 0;
      const done = (): void => resolve(answer.statusCode ?? 0);
      answer.on('data', (chunk: Buffer) => {
        read += chunk.byteLength;
        if (read <= maxAnswerBytes) return;
        done();
        answer.destroy();
      });
      answer.on('end', done);
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function within<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error('ended'));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    void task.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}
