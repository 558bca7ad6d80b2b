import type { Output } from '../terminal/output.js';

/** What a process hears signals with. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): unknown;
}

export interface Stopping {
  /** Aborted by the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly stopped: Promise<void>;
  /** Ends listening; from here on signals act as ever. */
  release(): void;
}

/**
 * Waits for the first SIGTERM or SIGINT. A second one ends the process at once, with 128 + its number: whoever asks twice does
 * not want to wait for the drain. Meanwhile, and until `release`, the process stays alive whatever timers do.
 */
export function untilStopped(output: Output, source: SignalSource = process): Stopping {
  const alive = setInterval(() => undefined, 60_000);
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const onSignal = (code: number) => (): void => {
    if (stop.signal.aborted) {
      source.exit(code);
      return;
    }
    output.error('stopping; once more to stop at once');
    stop.abort();
  };
  const onInterrupt = onSignal(130);
  const onTerminate = onSignal(143);
  source.on('SIGINT', onInterrupt);
  source.on('SIGTERM', onTerminate);
  return {
    signal: stop.signal,
    stopped,
    release: () => {
      clearInterval(alive);
      source.off('SIGINT', onInterrupt);
      source.off('SIGTERM', onTerminate);
    },
  };
}
