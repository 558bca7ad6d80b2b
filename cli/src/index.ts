export { run as runCommand } from './run.js';
export { callUnary, openParkClient } from './client/park-client.js';
