import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '@parkade/clock';
import {
  type Authenticator,
  CertificateFiles,
  DEV_AUDIENCE,
  DEV_ISSUER,
  type DevKey,
  loadDevKey,
  newDevKey,
  openAuthenticator,
  readKeys,
  securityOf,
  servicesOnly,
  TokenAuthenticator,
} from '@parkade/identity';
import type { Log, Security } from '@parkade/rpc';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import type { SecuritySettings } from './security-settings.js';

/** A token of the development mode is good for this long. */
export const DEV_TOKEN_MS = 12 * 3_600_000;

/** What protects a process, made of its settings. */
export interface OpenedSecurity {
  readonly security: Security;
  /** Who calls, for what is not gRPC. */
  readonly authenticator: Authenticator;
  /** Of the servers; undefined: nothing is encrypted. */
  readonly certificates: CertificateFiles | undefined;
  /** An operator's token, in the development mode. */
  readonly devToken: string | undefined;
  close(): void;
}

/**
 * Reads what the settings name. Rejects with a `CommandFailure` (usage) where a file is missing or wrong.
 */
export async function openSecurity(
  settings: SecuritySettings,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<OpenedSecurity> {
  try {
    return await opened(settings, deps);
  } catch (error) {
    throw new CommandFailure(EXIT.usage, error instanceof Error ? error.message : String(error), {}, { cause: error });
  }
}

async function opened(
  { auth, tls, peerName, clusterTokenFile, makesClusterToken, plainHealthPort }: SecuritySettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenedSecurity> {
  const certificates = tls === undefined ? undefined : await CertificateFiles.open(tls, { clock, log });
  const devKey = auth.mode !== 'dev' ? undefined : await devKeyOf(auth.keyFile);
  const fileToken = clusterTokenFile === undefined ? undefined : await readClusterToken(clusterTokenFile);
  const ownToken = makesClusterToken ? randomBytes(32).toString('hex') : undefined;
  const clusterToken = fileToken ?? devKey?.clusterToken ?? ownToken;
  const authenticator = await authenticatorOf();
  return {
    security: securityOf(
      {
        authenticator: auth.mode === 'open' || auth.mode === 'health' ? undefined : authenticator,
        certificates,
        peerName,
        clusterToken,
        plainHealthPort: certificates === undefined ? undefined : plainHealthPort,
      },
      clock,
    ),
    authenticator,
    certificates,
    devToken: await devKey?.mint({
      subject: 'developer',
      rights: { operator: true },
      nowMs: clock.nowMs(),
      expiresAtMs: clock.nowMs() + DEV_TOKEN_MS,
    }),
    close: () => {
      certificates?.close();
      authenticator.close();
    },
  };

  async function authenticatorOf(): Promise<Authenticator> {
    switch (auth.mode) {
      case 'open':
        if (certificates === undefined || auth.said) {
          log.warn('open', {
            what: 'nobody is asked who they are: anybody who reaches this process may do everything',
          });
        }
        return openAuthenticator;
      case 'health':
        return openAuthenticator;
      case 'services':
        return servicesOnly(clusterToken);
      case 'dev': {
        const jwks = devKey?.jwks;
        const keys = (): Promise<unknown> => Promise.resolve(jwks);
        const config = { keys, issuer: DEV_ISSUER, audience: DEV_AUDIENCE, clusterToken };
        return TokenAuthenticator.start(config, { clock, log });
      }
      case 'jwt': {
        const { jwks, issuer, audience, claim, algorithms } = auth;
        const config = { keys: readKeys(jwks), issuer, audience, claim, algorithms, clusterToken };
        const made = await TokenAuthenticator.start(config, { clock, log });
        // A file that is wrong is a mistake to be mended now; an identity provider may come back.
        if (made.ready || /^https?:/i.test(jwks)) return made;
        made.close();
        throw new Error(`--jwks ${jwks} holds no usable key set (JSON with keys)`);
      }
    }
  }
}

async function devKeyOf(file: string | undefined): Promise<DevKey> {
  return file === undefined ? newDevKey() : loadDevKey(file, true);
}

const MIN_SECRET = 32;

async function readClusterToken(path: string): Promise<string> {
  const token = (await readFile(path, 'utf8')).trim();
  if (token.length >= MIN_SECRET && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(
    `${path} must hold one word of ${MIN_SECRET} characters or more, such as openssl rand -hex 32 prints`,
  );
}
