export * from './phones/phone.js';
