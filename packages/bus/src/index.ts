export * from './bus.js';
export * from './catalog.js';
export * from './embedded.js';
export * from './subject.js';
