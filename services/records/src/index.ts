export * from './config.js';
export * from './records.js';
