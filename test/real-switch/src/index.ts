/** What a bench needs of the suite. */
export * from './system/real-switch.js';
export * from './system/settings.js';
export * from './system/system.js';
