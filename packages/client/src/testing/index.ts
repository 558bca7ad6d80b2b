export { parksContract } from './contract.js';
export { MemoryParks } from './memory-parks.js';
