export * from './hash.js';
export * from './ids.js';
export * from './keys.js';
export * from './names.js';
export * from './shards.js';
export * from './uuid-text.js';
