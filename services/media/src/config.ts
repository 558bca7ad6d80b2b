import type { FeatureCodes } from '@parkade/settings';
import type { DnsNodesConfig } from './nodes/dns-nodes.js';
import type { PromptDirectoryConfig } from './prompts/prompt-directory.js';
import type { TenantRule } from './calls/tenant-rules.js';

/** How a media process is set up. */
export interface MediaConfig {
  /** Unique among the media processes; a restarted process may use it again. */
  readonly memberId: string;
  /** Address to listen on for the cluster (gRPC). */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `host` that others reach it at; default: `host`. */
  readonly advertiseHost?: string | undefined;
  /** Where the dial plans' `socket` application reaches it; undefined: it takes no calls from dial plans. */
  readonly outbound?: { readonly host: string; readonly port: number } | undefined;
  readonly version: string;
  readonly leaseTtlMs: number;
  /** `host:port` of a gateway. */
  readonly gateway: string;
  /** The Event Socket's password, and those of nodes that have another. Never logged. */
  readonly password: string;
  readonly passwords?: Readonly<Record<string, string>> | undefined;
  /** Whose calls these are; the first rule that fits counts. */
  readonly tenants: readonly TenantRule[];
  /** The domain of a tenant's phones; default: that of its first rule which names one. */
  readonly domains?: Readonly<Record<string, string>> | undefined;
  /** The feature codes of tenants whose settings leave them out. */
  readonly codes: FeatureCodes;
  readonly announcements: Announcements;
  /** The SIP profile that nodes reach each other through; default `internal`. */
  readonly sipProfile?: string | undefined;
  /**
   * The dial plan's context where nodes deliver phones that fetch calls; only cluster addresses may lead to it. Default
   * `parkade-pickup`.
   */
  readonly pickupContext?: string | undefined;
  /** Where the prompt files of tenants are fetched from and kept for the switches; undefined: switches have files of their own. */
  readonly prompts?: PromptsConfig | undefined;
  /** Nodes that DNS names; undefined: none. */
  readonly dnsNodes?: DnsNodesConfig | undefined;
  readonly limits: MediaLimits;
}

/** How uploaded prompt files come to the switches. */
export interface PromptsConfig extends PromptDirectoryConfig {
  /** The REST API of the gateways: `http://host:port`, or `https:` where its certificate names that host. */
  readonly source: string;
}

/** Prompt files that are kept for the switches have so many bytes together at most. */
export const DEFAULT_PROMPT_BYTES = 1024 * 1024 * 1024;

/** Sounds of the switch, as it names files. The defaults are of its stock sounds, but for the tenants' prompts. */
export interface Announcements {
  /** One digit of a slot's number: `{digit}` is replaced. */
  readonly digit: string;
  readonly empty: string;
  readonly inUse: string;
  /** No slot is free. */
  readonly full: string;
  /** Parking is off for this target. */
  readonly disabled: string;
  /** A conference's leg cannot be parked. */
  readonly conference: string;
  readonly failed: string;
  /** A hold prompt that is the switch's own file: `{id}` is replaced by the `prompt_file_id`. */
  readonly prompt: string;
}

export const DEFAULT_SIP_PROFILE = 'internal';
export const DEFAULT_PICKUP_CONTEXT = 'parkade-pickup';

export const DEFAULT_ANNOUNCEMENTS: Announcements = {
  digit: 'digits/{digit}.wav',
  empty: 'ivr/ivr-no_calls_waiting_in_queue.wav',
  inUse: 'ivr/ivr-user_busy.wav',
  full: 'ivr/ivr-maximum_number_of_channels.wav',
  disabled: 'ivr/ivr-not_have_permission.wav',
  conference: 'ivr/ivr-call_rejected.wav',
  failed: 'ivr/ivr-call_cannot_be_completed_as_dialed.wav',
  prompt: 'prompts/{id}.wav',
};

/** Every bound of a media process. Times in milliseconds. */
export interface MediaLimits {
  /** For an effect at the switch that takes no human: a park, a bridge. */
  readonly effectMs: number;
  /** For an answer of the switch. */
  readonly replyMs: number;
  /** For an answer of the cluster, retries included. */
  readonly clusterMs: number;
  /**
   * How long a dial plan's call waits for its owner, before the dial plan goes on: meanwhile the caller hears nothing, after it
   * music, and it is taken as soon as there is one.
   */
  readonly takeMs: number;
  /** Until a retrieve that was begun counts as failed; 1 s to 60 s. */
  readonly giveUpMs: number;
  /** Between two reconciliations of a node. */
  readonly reconcileMs: number;
  /** How long a transferred call waits that cannot be parked, before it goes back to its parker. */
  readonly pendingMs: number;
  /** What a recovered switch has to bring its calls back. */
  readonly recoverMs: number;
  /** How long an announcement may take. */
  readonly announceMs: number;
  /** Ringing legs, and calls parked or under way, of one node. */
  readonly maxLegs: number;
  readonly maxCalls: number;
  /** Phones of one node that are paged at a time. */
  readonly maxPaged: number;
  /** Connections of dial plans at a time. */
  readonly maxConnections: number;
  /** Slots whose lamps are followed. */
  readonly maxLamps: number;
  /** Parks of one node's calls that a reconciliation holds at a time; well above what a node can have. */
  readonly maxParks: number;
  /** Commands written to a switch whose answers are out: what the lease cannot withhold any more. */
  readonly maxInFlight: number;
}

export const DEFAULT_MEDIA_LIMITS: MediaLimits = {
  effectMs: 3_000,
  replyMs: 3_000,
  clusterMs: 8_000,
  takeMs: 5_000,
  giveUpMs: 10_000,
  reconcileMs: 30_000,
  pendingMs: 60_000,
  recoverMs: 2_000,
  announceMs: 10_000,
  maxLegs: 5_000,
  maxCalls: 10_000,
  maxPaged: 256,
  maxConnections: 1_000,
  maxLamps: 500_000,
  maxParks: 50_000,
  maxInFlight: 4,
};
