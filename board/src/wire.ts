/**
 * What the gateway and the page say to each other. Times are wall-clock milliseconds of the gateway since the Unix epoch; 0: none.
 *
 * `GET /board/stream?tenant=<id>` is one stream of Server-Sent Events: `hello` first, then whatever happens. The id of an event is
 * the resume token of the watch: sent back as `Last-Event-ID` the stream goes on where it was.
 */
export interface BoardEvents {
  /** Once, at the beginning. */
  readonly hello: Hello;
  /** Forget every slot: all that are in use follow. */
  readonly reset: { readonly cause: string };
  /** Slots as they are now; one without parks is free. */
  readonly slots: readonly BoardSlot[];
  /** Everything up to here was said. */
  readonly synced: { readonly nowMs: number };
  /** The tenant's lots, at the beginning and when they change. */
  readonly lots: readonly BoardLot[];
  /** For operators alone: the cluster as it is now. */
  readonly cluster: ClusterNow;
  /** For operators alone: what got another owner, oldest first. */
  readonly handOffs: readonly HandOff[];
  /** The stream ends, and why. */
  readonly refused: BoardProblem;
}

export interface Hello {
  /** Whether it goes on where a token said; else every slot in use follows, and what was known before is old. */
  readonly resumed: boolean;
  readonly nowMs: number;
  readonly tenantId: string;
  /** Who the token says it is. */
  readonly subject: string;
  /** Whether the cluster is shown, too. */
  readonly operator: boolean;
}

/** What a lamp shows: dark, blinking on phones ("early"), steady ("confirmed"). */
export type LampState = 'off' | 'early' | 'confirmed';

export interface BoardSlot {
  readonly lotId: string;
  readonly slot: string;
  readonly revision: number;
  readonly lamp: LampState;
  /** Oldest first. */
  readonly parks: readonly BoardPark[];
}

export type BoardParkState = 'reserved' | 'parked' | 'ringback' | 'retrieving';

export interface BoardPark {
  readonly parkId: string;
  readonly state: BoardParkState;
  readonly callerName: string;
  readonly callerNumber: string;
  /** `<extension>` or else the user's id; empty: not known. */
  readonly parker: string;
  readonly note: string;
  readonly parkedAtMs: number;
  /** 0: it does not come back, or is not waiting now. */
  readonly recallAtMs: number;
  readonly recallAttempt: number;
  /** Where the call is. */
  readonly mediaNode: string;
  /** Whether Parkade connects the calls itself, and so rings whoever wants this one. */
  readonly clusterMedia: boolean;
  /** While it is being retrieved: by whom. */
  readonly retriever: string;
}

export interface BoardLot {
  readonly lotId: string;
  /** Numbered slots, both ends included, of the same width. */
  readonly ranges: readonly { readonly first: string; readonly last: string }[];
}

export interface ClusterNow {
  readonly shardCount: number;
  /** By member, in the order of their names. */
  readonly owners: readonly ClusterOwner[];
  /** Shards that nobody owns now. */
  readonly unowned: readonly number[];
  readonly mediaNodes: readonly ClusterMediaNode[];
}

export interface ClusterOwner {
  readonly memberId: string;
  readonly address: string;
  readonly shards: readonly number[];
}

export interface ClusterMediaNode {
  readonly name: string;
  /** The member that controls it; empty: nobody. */
  readonly owner: string;
}

/** Partitions that one member had and another has. */
export interface HandOff {
  /** Rises by one. */
  readonly number: number;
  readonly atMs: number;
  /** The shards, rising; empty where it is a media node. */
  readonly shards: readonly number[];
  /** The media node; empty where it is shards. */
  readonly mediaNode: string;
  /** Members; empty: nobody. */
  readonly from: string;
  readonly to: string;
}

/** Why something was refused: `application/problem+json` of a command, or the last event of a stream. */
export interface BoardProblem {
  readonly status: number;
  /** The reason, as the gRPC API names it. */
  readonly reason?: string;
  /** For people. */
  readonly detail: string;
}

/** The body of `POST /board/api/command`. Answered with 204, or a problem. */
export type BoardCommand = {
  readonly tenantId: string;
  readonly parkId: string;
} &
  /** Of a call that Parkade connects itself the extension is rung; answered when it has the call, or has not answered. */
  (
    | { readonly do: 'retrieve'; readonly extension: string }
    | { readonly do: 'move'; readonly lotId: string; readonly slot: string }
    /** 0: it does not come back. */
    | { readonly do: 'extend'; readonly recallInSeconds: number }
    /** The parker is rung within a second. */
    | { readonly do: 'recall' }
    | { readonly do: 'release' }
  );
