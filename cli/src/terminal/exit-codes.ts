/** What a shell gets to see. */
export const EXIT = {
  ok: 0,
  /** The service refused it, with a reason; or something failed that a repetition does not mend. */
  refused: 1,
  /** The command line (or the environment) is wrong; nothing was sent. */
  usage: 2,
  /** The service, or the store, could not be reached in time. The same command may be given again. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people and an exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    /** What `--json` prints beside the message. */
    readonly data: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command line is wrong: every fault, a line each. */
export class UsageFailure extends CommandFailure {
  constructor(readonly faults: readonly string[]) {
    super(EXIT.usage, faults.join('\n'), { faults });
  }
}
