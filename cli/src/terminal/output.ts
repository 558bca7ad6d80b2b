/** Where a command writes. */
export interface Output {
  /** A line on stdout. */
  line(text: string): void;
  /** A line on stderr. */
  error(text: string): void;
  /** Whether colours are wanted: a terminal, and neither NO_COLOR nor `TERM=dumb`. */
  readonly colour: boolean;
}

/** The terminal or pipe this process was started with. A reader that goes away (`| head`) ends the process quietly. */
export function processOutput(environment: NodeJS.ProcessEnv): Output {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    line: (text) => void process.stdout.write(`${text}\n`),
    error: (text) => void process.stderr.write(`${text}\n`),
    colour: process.stdout.isTTY && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb',
  };
}
