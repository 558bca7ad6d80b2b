export * from './feed-message.js';
export * from './lamps-feed.js';
