#!/usr/bin/env node
import { run } from './run.js';
import { processOutput } from './terminal/output.js';

process.exitCode = await run(process.argv.slice(2), processOutput(process.env));
