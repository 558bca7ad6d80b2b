export { PackedSlot } from './packed-slot.js';
export { type Found, type Packable, PackedSlots } from './packed-slots.js';
export { readHead, type RecordHead } from './record-head.js';
