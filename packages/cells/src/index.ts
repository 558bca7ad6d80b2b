export * from './assignment.js';
export * from './gate.js';
export * from './mover.js';
export * from './routes.js';
