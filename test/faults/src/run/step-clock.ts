/**
 * Loaded into a process before anything else (`node --import`): its wall clock takes the next of `CLOCK_STEPS_MS` (ms, separated by
 * commas) at each SIGUSR2, as a clock does that somebody sets. Monotonic time goes on as it did.
 */
const steps = (process.env['CLOCK_STEPS_MS'] ?? '').split(',').map(Number);
const TrueDate = Date;
let offMs = 0;

class SteppedDate extends TrueDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(SteppedDate.now());
    else super(...(given as [number]));
  }

  static override now(): number {
    return TrueDate.now() + offMs;
  }
}

globalThis.Date = SteppedDate as DateConstructor;
process.on('SIGUSR2', () => {
  offMs += steps.shift() ?? 0;
});
