import { readFileSync } from 'node:fs';
import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { type Clock, sleep, Timeouts } from '@parkade/clock';
import { DESCRIPTOR_IMAGE_URL } from '@parkade/proto';
import { HealthImplementation } from 'grpc-health-check';
import { type ConnectionAge, limitAge } from './connection-age.js';
import { tolerant } from './handlers.js';
import { http2ServersOf } from './http2-servers.js';
import { observed, type RpcObserver } from './observed.js';
import { traced } from './traced.js';
import { serveUnary, unaryMethods } from './unary/serve-unary.js';
import type { Tracer } from './tracer.js';
import { type LotOf, NO_SECURITY, type Security } from './security.js';

/** The largest message any of our servers takes. A park request is below 4 KiB, a full inner batch below 4 MiB. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Flow control, keepalive and size limits of servers and channels. The window is read on the client side only, set on both. */
export const CHANNEL_OPTIONS = {
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 1,
} as const;

/**
 * Between our own processes a batch holds up to 1,024 requests of up to 64 KiB, and as many answers: one large tenant must not
 * break the stream all share.
 */
export const INNER_CHANNEL_OPTIONS = {
  ...CHANNEL_OPTIONS,
  'grpc.max_receive_message_length': 128 * 1024 * 1024,
} as const;

export interface MountedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface GrpcServerConfig {
  /** Address to bind, default 127.0.0.1. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly services: readonly MountedService[];
  /** Whose `credentials` and `guard` protect it; default: nobody is asked. Health and reflection are open to everybody. */
  readonly security?: Pick<Security, 'credentials' | 'guard' | 'plainHealthPort'> | undefined;
  /** For the guard. */
  readonly lotOf?: LotOf | undefined;
  readonly options?: ServerOptions | undefined;
  /** When its connections end; undefined: they have no age. */
  readonly connectionAge?: ConnectionAge | undefined;
  /** Told of every RPC of `services`. */
  readonly observer?: RpcObserver | undefined;
  /** Where each unary RPC of `services` is a span; undefined: traces are off. */
  readonly tracer?: Tracer | undefined;
}

/**
 * What the health service answers for this name is SERVING as long as the process answers at all: liveness. The server as a whole
 * (the empty name) is readiness.
 */
export const LIVENESS_NAME = 'liveness';

/** What listens for a process: `GrpcServer`, or what stands for it in a simulation. Not serving until `setServing(true)`. */
export interface RpcServer {
  /** The port it listens on. */
  readonly port: number;
  /** What the health service says of the server as a whole and of each of its services. */
  setServing(serving: boolean): void;
  /** Takes no new calls, waits at most `graceMs` for those under way, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Makes a process listen. Rejects when the address is taken. */
export type Listen = (config: GrpcServerConfig, clock: Clock) => Promise<RpcServer>;

/** A gRPC server with health (grpc.health.v1) and reflection. Not serving until `setServing(true)`. */
export class GrpcServer implements RpcServer {
  readonly #servers: readonly Server[];
  readonly #health: HealthImplementation;
  readonly #clock: Clock;
  readonly #names: readonly string[];
  /** The port it listens on. */
  readonly port: number;

  private constructor(
    servers: readonly Server[],
    health: HealthImplementation,
    names: readonly string[],
    port: number,
    clock: Clock,
  ) {
    this.#servers = servers;
    this.#health = health;
    this.#names = names;
    this.port = port;
    this.#clock = clock;
  }

  /** Binds and listens. Rejects when the address is taken. */
  static async start(config: GrpcServerConfig, clock: Clock): Promise<GrpcServer> {
    const options = { ...CHANNEL_OPTIONS, ...config.options };
    const server = new Server(options);
    const health = new HealthImplementation({ '': 'NOT_SERVING', [LIVENESS_NAME]: 'SERVING' });
    health.addToServer(server);
    const { credentials, plainHealthPort } = config.security ?? NO_SECURITY;
    const services = mounted(config, clock);
    for (const { definition, implementation } of services) server.addService(definition, implementation);
    const names = config.services.map(({ definition }) => serviceName(definition));
    new ReflectionService(loadFileDescriptorSetFromBuffer(readFileSync(DESCRIPTOR_IMAGE_URL)), {
      services: names,
    }).addToServer(server);
    const port = await bound(server, config.host, config.port, credentials);
    const maxMessageBytes = options['grpc.max_receive_message_length'];
    const http2Servers = http2ServersOf(server);
    serveUnary(http2Servers, unaryMethods(services), { timeouts: new Timeouts(clock), maxMessageBytes });
    if (config.connectionAge !== undefined) limitAge(http2Servers, config.connectionAge, clock);
    if (plainHealthPort === undefined) return new GrpcServer([server], health, names, port, clock);
    const plain = new Server(CHANNEL_OPTIONS);
    health.addToServer(plain);
    try {
      await bound(plain, config.host, plainHealthPort, ServerCredentials.createInsecure());
    } catch (error) {
      server.forceShutdown();
      throw error;
    }
    return new GrpcServer([server, plain], health, names, port, clock);
  }

  /** What the health service says of the server as a whole and of each of its services. */
  setServing(serving: boolean): void {
    for (const name of ['', ...this.#names]) this.#health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Takes no new calls, waits at most `graceMs` for those under way, then cuts what is left (streams never end by themselves). */
  async stop(graceMs: number): Promise<void> {
    this.setServing(false);
    const drained = this.#servers.map((server) => new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
    await Promise.race([Promise.all(drained), sleep(this.#clock, graceMs)]);
    for (const server of this.#servers) server.forceShutdown();
  }
}

/** The services as they are reached from outside: guarded, told to the observer, traced, and safe from broken messages. */
export function mounted(
  { services, security = NO_SECURITY, lotOf, observer, tracer }: GrpcServerConfig,
  clock: Clock,
): readonly MountedService[] {
  return services.map((service) => {
    const { definition, implementation } = security.guard(service, lotOf);
    const told = observer === undefined ? implementation : observed(definition, implementation, observer, clock);
    return {
      definition: tolerant(definition),
      implementation: tracer === undefined ? told : traced(definition, told, tracer),
    };
  });
}

function bound(server: Server, host: string, port: number, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, found) => {
      if (error === null) resolve(found);
      else reject(new Error(`Cannot listen on ${host}:${port}: ${error.message}`));
    });
  });
}

function serviceName(definition: ServiceDefinition): string {
  const path = Object.values(definition)[0]?.path ?? '/unknown/';
  return path.split('/')[1] ?? 'unknown';
}
