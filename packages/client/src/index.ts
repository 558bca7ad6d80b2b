export { connect, type ConnectOptions, type Parkade } from './connect.js';
export { ParkadeError } from './parkade-error.js';
export type {
  AskOptions,
  Call,
  MediaControlName,
  ParkCall,
  ParkedCall,
  Parker,
  Parks,
  ParkStateName,
  RetrieveCall,
  SlotChange,
  SlotName,
  SlotView,
  Target,
} from './parks.js';
