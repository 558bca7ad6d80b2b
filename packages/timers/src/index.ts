export * from './deadline-alarm.js';
export * from './deadline-heap.js';
export * from './keyed-deadlines.js';
