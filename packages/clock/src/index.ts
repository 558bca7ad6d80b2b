export * from './clock.js';
export * from './fleeting-map.js';
export * from './manual.js';
export * from './system.js';
export * from './timeouts.js';
