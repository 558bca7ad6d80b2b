export * from './dialog-info.js';
export * from './event-kinds.js';
export * from './events.js';
export * from './lamps.js';
export * from './parties.js';
export * from './streams.js';
export * from './subjects.js';
export * from './xml.js';
