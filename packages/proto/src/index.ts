/** The generated messages and gRPC service definitions of every proto in `proto/`. Never edited: `npm run generate`. */
export * from './gen/google/protobuf/any.js';
export * from './gen/google/protobuf/duration.js';
export * from './gen/google/protobuf/timestamp.js';
export * from './gen/google/rpc/error_details.js';
export * from './gen/parkade/flow/v1/flow_service.js';
export * from './gen/parkade/media/v1/media_node_service.js';
export * from './gen/parkade/ownership/v1/ownership.js';
export * from './gen/parkade/park/v1/history.js';
export * from './gen/parkade/park/v1/park_service.js';
export * from './gen/parkade/park/v1/reason.js';
export * from './gen/parkade/park/v1/types.js';
export * from './gen/parkade/recall/v1/note.js';
export * from './gen/parkade/recall/v1/recall_service.js';
export * from './gen/parkade/slot/v1/record.js';
export * from './gen/parkade/slot/v1/slot_service.js';

/** Every proto with its imports as a FileDescriptorSet; for gRPC server reflection. */
export const DESCRIPTOR_IMAGE_URL = new URL('../descriptor.binpb', import.meta.url);
