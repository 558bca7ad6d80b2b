export * from './allow.js';
export * from './authenticator.js';
export * from './claims.js';
export * from './principal.js';
