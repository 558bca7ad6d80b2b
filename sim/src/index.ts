export * from './run-seed.js';
