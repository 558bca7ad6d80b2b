import { stableHash } from '@parkade/ids';

/**
 * Where a watch goes on. Opaque to clients. Version 1, base64url of: version (1 byte), hash of cluster incarnation and scope (4),
 * time of issue in wall ms (6), then for each shard its number (2) and the revision everything was sent up to (6).
 */
export interface ResumeToken {
  readonly issuedAtMs: number;
  /** Revision by shard. */
  readonly revisions: ReadonlyMap<number, number>;
}

const VERSION = 1;
const HEAD_BYTES = 11;
const SHARD_BYTES = 8;

/** What a token belongs to: the same lot (empty: all) of the same tenant of the same cluster. */
export function tokenScope(incarnation: string, tenantId: string, lotId: string): number {
  return stableHash(`${incarnation}\0${tenantId}\0${lotId}`);
}

export function writeResumeToken(scope: number, { issuedAtMs, revisions }: ResumeToken): string {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + SHARD_BYTES * revisions.size);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt32BE(scope, 1);
  bytes.writeUIntBE(issuedAtMs, 5, 6);
  let at = HEAD_BYTES;
  for (const [shard, revision] of revisions) {
    bytes.writeUInt16BE(shard, at);
    bytes.writeUIntBE(revision, at + 2, 6);
    at += SHARD_BYTES;
  }
  return bytes.toString('base64url');
}

/** Undefined when it is malformed, of another version, belongs to something else, or names a shard there is none of. Never throws. */
export function readResumeToken(scope: number, token: string, shardCount: number): ResumeToken | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const shards = (bytes.length - HEAD_BYTES) / SHARD_BYTES;
  if (!Number.isInteger(shards) || shards < 0 || bytes.toString('base64url') !== token) return undefined;
  if (bytes.readUInt8(0) !== VERSION || bytes.readUInt32BE(1) !== scope) return undefined;
  const revisions = new Map<number, number>();
  for (let at = HEAD_BYTES; at < bytes.length; at += SHARD_BYTES) {
    const shard = bytes.readUInt16BE(at);
    if (shard >= shardCount) return undefined;
    revisions.set(shard, bytes.readUIntBE(at + 2, 6));
  }
  return { issuedAtMs: bytes.readUIntBE(5, 6), revisions };
}
