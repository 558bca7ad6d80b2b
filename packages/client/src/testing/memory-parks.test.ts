import { describe } from 'vitest';
import { MemoryParks, parksContract } from './index.js';

describe('parks in memory', () => {
  parksContract(() => new MemoryParks());
});
