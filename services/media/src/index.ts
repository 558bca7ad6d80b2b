export { newPickupSecret, pickupNumber } from './calls/pickup-number.js';
export type { TenantRule } from './calls/tenant-rules.js';
export {
  type Announcements,
  DEFAULT_ANNOUNCEMENTS,
  DEFAULT_MEDIA_LIMITS,
  DEFAULT_PICKUP_CONTEXT,
  DEFAULT_PROMPT_BYTES,
  type MediaConfig,
  type MediaLimits,
  type PromptsConfig,
} from './config.js';
export { DEFAULT_ROUTED_MEDIA, RoutedMedia, type RoutedMediaConfig } from './legs/routed-media.js';
export { RoutedPhones } from './legs/routed-phones.js';
export type * from './legs/types.js';
export { type Media, type MediaDeps, MEDIA_ROLE, startMedia } from './media.js';
export { DEFAULT_DNS_NODES, type DnsNodesConfig } from './nodes/dns-nodes.js';
export { type MediaNode, type MediaNodeFault, registerMediaNode, removeMediaNode } from './nodes/media-node.js';
export type { NodeQueues } from './nodes/node-agent.js';
export { NodeClients } from './rpc/node-clients.js';
