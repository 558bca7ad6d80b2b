export { callMarks, hasCall, type SoughtCall } from './call-marks.js';
export { HashIndex } from './hash-index.js';
export { NameHashes } from './name-hashes.js';
export { PackedSlot } from './packed-slot.js';
export { type Found, PackedSlots } from './packed-slots.js';
export { RecordScan, type Span } from './record-scan.js';
