#!/usr/bin/env node
import { run } from './run.js';
import { processOutput } from './terminal/output.js';

/** What a library leaves open (a socket to a NATS server that was given up on) must not keep a process that has drained. */
const LINGER_MS = 1_000;

// What grpc-js would print of a fault on stderr is in the error that it rejects with.
process.env['GRPC_VERBOSITY'] ??= 'NONE';

process.exitCode = await run(process.argv.slice(2), processOutput(process.env));
setTimeout(() => process.exit(), LINGER_MS).unref();
