export { type GatewayConfig, type GatewayConfigInput, type GatewayLimits } from './config.js';
export { createGateway, type Gateway, type GatewayDeps } from './gateway.js';
export type * from './routing/owner-transport.js';
