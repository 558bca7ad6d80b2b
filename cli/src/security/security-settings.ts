import { isIP } from 'node:net';
import { ALGORITHMS, DEFAULT_PEER_NAME, type TlsFiles } from '@parkade/identity';
import type { FlagReader } from '../flags/flag-reader.js';

/** Who is asked for what. */
export type AuthSettings =
  /** Anybody may call: because nothing was said (loopback alone), or because `open` was. */
  | { readonly mode: 'open'; readonly said: boolean }
  /** There is nothing to ask for. */
  | { readonly mode: 'health' }
  /** Processes of the cluster alone. */
  | { readonly mode: 'services' }
  | { readonly mode: 'dev'; readonly keyFile: string | undefined }
  | {
      readonly mode: 'jwt';
      readonly jwks: string;
      readonly issuer: string;
      readonly audience: string;
      readonly claim: string | undefined;
      readonly algorithms: readonly string[] | undefined;
    };

/** A part with a public API, one that serves other parts alone, all parts in one process, or one that serves health alone. */
export type ProcessKind = 'public' | 'inner' | 'whole' | 'health';

/** What protects a process, as its command line says. */
export interface SecuritySettings {
  readonly auth: AuthSettings;
  readonly tls: TlsFiles | undefined;
  readonly peerName: string;
  readonly clusterTokenFile: string | undefined;
  /** Whether it needs no secret but one of its own. */
  readonly makesClusterToken: boolean;
  readonly plainHealthPort: number | undefined;
}

/**
 * Reads the flags of `SECURITY_FLAGS`. A process that would listen beyond loopback without asking who calls, or with tokens in
 * the clear, is a fault that says what to do.
 */
export function readSecurity(flags: FlagReader, host: string, kind: ProcessKind): SecuritySettings {
  const tls = readTlsFiles(flags, 'tls');
  const auth = readAuth(flags, tls !== undefined, kind);
  const clusterTokenFile = flags.text('clusterToken');
  if (auth.mode !== 'health' && !isLoopback(host)) checkBeyondLoopback(flags, host, auth, tls !== undefined);
  const apart = kind !== 'whole';
  if (
    apart &&
    (auth.mode === 'jwt' || auth.mode === 'services') &&
    tls === undefined &&
    clusterTokenFile === undefined
  ) {
    flags.fault(
      '--auth jwt needs a way by which processes know each other: --tls-cert, --tls-key and --tls-ca, or on loopback ' +
        '--cluster-token <file>, the same for each',
    );
  }
  return {
    auth,
    tls,
    peerName: flags.text('tlsPeerName') ?? DEFAULT_PEER_NAME,
    clusterTokenFile,
    makesClusterToken: !apart,
    plainHealthPort: flags.has('healthPort') ? flags.integer('healthPort', 1, 65_535, 0) : undefined,
  };
}

/** The three files of `--<prefix>-cert`, `-key` and `-ca`; undefined where none is given, a fault where only some are. */
export function readTlsFiles(flags: FlagReader, prefix: string): TlsFiles | undefined {
  const [cert, key, ca] = ['Cert', 'Key', 'Ca'].map((suffix) => flags.text(`${prefix}${suffix}`));
  if (cert !== undefined && key !== undefined && ca !== undefined) return { cert, key, ca };
  if (cert !== undefined || key !== undefined || ca !== undefined) {
    flags.fault(`--${prefix}-cert, --${prefix}-key and --${prefix}-ca go together: give all three`);
  }
  return undefined;
}

/** Whether only this machine reaches an address to listen on. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

function readAuth(flags: FlagReader, tls: boolean, kind: ProcessKind): AuthSettings {
  if (kind === 'health') return { mode: 'health' };
  if (!flags.has('auth')) return tls ? { mode: 'services' } : { mode: 'open', said: false };
  const mode = flags.oneOf('auth', ['jwt', 'dev', 'open'], 'open');
  if (mode === 'open') return { mode, said: true };
  if (mode === 'dev') return { mode, keyFile: flags.text('authKey') };
  if (kind === 'inner') return { mode: 'services' };
  const algorithms = flags.has('jwtAlgorithms') ? flags.list('jwtAlgorithms') : undefined;
  const unknown = algorithms?.filter((name) => !ALGORITHMS.includes(name)) ?? [];
  if (unknown.length > 0) {
    flags.fault(`--jwt-algorithms knows ${ALGORITHMS.join(', ')}, not ${unknown.join(', ')}`);
  }
  return {
    mode,
    jwks: flags.required('jwks', '--auth jwt needs the keys tokens are signed with, a file or a URL'),
    issuer: flags.required('issuer', '--auth jwt needs to know who makes the tokens (the claim iss)'),
    audience: flags.required('audience', '--auth jwt needs to know whom tokens are for (the claim aud)'),
    claim: flags.text('jwtClaim'),
    algorithms,
  };
}

function checkBeyondLoopback(flags: FlagReader, host: string, auth: AuthSettings, tls: boolean): void {
  const where = `--host ${host} can be reached from other machines`;
  if (auth.mode === 'dev') {
    flags.fault(`${where}, and --auth dev is for loopback: use --auth jwt with the keys of your identity provider`);
  } else if (auth.mode === 'open' && !auth.said) {
    flags.fault(
      `${where}, and nobody is asked who they are: give --auth jwt with --jwks, --issuer and --audience, and --tls-cert, ` +
        '--tls-key and --tls-ca; or say --auth open where nobody can get into that network',
    );
  } else if (auth.mode !== 'open' && !tls) {
    flags.fault(`${where}, and tokens would cross the network in the clear: give --tls-cert, --tls-key and --tls-ca`);
  }
}
