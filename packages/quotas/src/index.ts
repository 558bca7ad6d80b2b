export * from './headroom.js';
export * from './request-rates.js';
export * from './usage-board.js';
