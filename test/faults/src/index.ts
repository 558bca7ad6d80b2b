export * from './figures.js';
export * from './row.js';
export * from './rows/index.js';
