import { readFile } from 'node:fs/promises';
import { credentials } from '@grpc/grpc-js';
import { withToken } from '@parkade/identity';
import type { PeerChannel } from '@parkade/rpc';
import type { FlagReader } from '../flags/flag-reader.js';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';

/** Who a client is, and whom it believes. */
export interface ClientIdentity {
  readonly token: string | undefined;
  /** Paths of PEM files. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The name in the gateway's certificate; undefined: as it is dialled. */
  readonly serverName: string | undefined;
}

/** Reads the flags of `CLIENT_SECURITY_FLAGS`. */
export function readClientIdentity(flags: FlagReader): ClientIdentity {
  const [token, ca, cert, key] = ['token', 'ca', 'cert', 'key'].map((name) => flags.text(name));
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) flags.fault('--token must be one word, as it was given');
  if ((cert === undefined) !== (key === undefined)) flags.fault('--cert and --key go together: give both');
  if (cert !== undefined && ca === undefined) flags.fault('--ca is missing: the CA of the gateway’s own certificate');
  return { token, ca, cert, key, serverName: flags.text('serverName') };
}

/** The channel of such a client. Rejects with a `CommandFailure` (usage) where a file cannot be used. */
export async function channelOf({ token, ca, cert, key, serverName }: ClientIdentity): Promise<PeerChannel> {
  const options = {
    ...(token === undefined ? {} : { interceptors: [withToken(token)] }),
    ...(serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName }),
  };
  if (ca === undefined) return { credentials: credentials.createInsecure(), options };
  try {
    const files = [ca, key, cert].map(async (path) => (path === undefined ? null : readFile(path)));
    const [root, privateKey, chain] = await Promise.all(files);
    return { credentials: credentials.createSsl(root, privateKey, chain), options };
  } catch (error) {
    throw new CommandFailure(EXIT.usage, error instanceof Error ? error.message : String(error), {}, { cause: error });
  }
}
