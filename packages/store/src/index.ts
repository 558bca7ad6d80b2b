export * from './embedded/open-embedded-store.js';
export * from './store.js';
