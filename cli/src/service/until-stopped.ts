import type { Output } from '../terminal/output.js';

/**
 * Resolves at the first SIGTERM or SIGINT. From then on a second one ends the process at once, with 128 + its number: whoever
 * asks twice does not want to wait for the drain. Meanwhile, and until `release`, the process stays alive whatever timers do.
 */
export function untilStopped(output: Output): { readonly stopped: Promise<void>; release(): void } {
  const alive = setInterval(() => undefined, 60_000);
  let again = false;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const onSignal = (code: number) => (): void => {
    if (again) process.exit(code);
    again = true;
    output.error('stopping; once more to stop at once');
    stop();
  };
  const onInterrupt = onSignal(130);
  const onTerminate = onSignal(143);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    stopped,
    release: () => {
      clearInterval(alive);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
