export { PackedSlot } from './packed-slot.js';
export { type Found, type Packable, PackedSlots } from './packed-slots.js';
