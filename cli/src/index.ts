export { run as runCommand } from './run.js';
export { callUnary, openParkClient } from './client/park-client.js';
export { LocalService, type LocalServiceConfig, type LocalServiceDeps } from './service/local-service.js';
