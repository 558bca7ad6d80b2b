export * from './bus.js';
export { BusDirectory } from './bus-directory.js';
export * from './catalog.js';
export { EmbeddedBroker, EmbeddedBus, type EmbeddedBusDeps } from './embedded.js';
export * from './subject.js';
export { NatsObjects, type NatsObjectsDeps } from './nats/nats-objects.js';
export { connectionOptions, type NatsBusDeps, type NatsCredentials, type NatsOptions } from './nats/options.js';
export * from './nats/remove-streams.js';
export * from './open-bus.js';
