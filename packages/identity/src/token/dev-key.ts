import { hash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

/** `iss` and `aud` of tokens made with a development key. */
export const DEV_ISSUER = 'parkade-dev';
export const DEV_AUDIENCE = 'parkade';

const ALGORITHM = 'EdDSA';

/** A private key (Ed25519) with which anybody who has it can make tokens: for development. */
export interface DevKey {
  /** Without its private half: what `--jwks` reads. */
  readonly jwks: { readonly keys: readonly JWK[] };
  /** The secret of the cluster that follows from the key, so that every process with the key knows it. */
  readonly clusterToken: string;
  /** A signed token; `expiresAtMs` is wall time. Rights as the documented claim says them. */
  mint(token: {
    readonly subject: string;
    readonly rights: unknown;
    readonly nowMs: number;
    readonly expiresAtMs: number;
    readonly issuer?: string | undefined;
    readonly audience?: string | undefined;
    readonly claim?: string | undefined;
  }): Promise<string>;
}

/** A new key, nowhere kept. */
export async function newDevKey(): Promise<DevKey> {
  return devKeyOf(await newPrivateJwk());
}

/**
 * The key in a file, made there (readable by its owner alone) where there is none and `make` is set. Rejects where the file cannot
 * be read, or is no private Ed25519 key as JWK.
 */
export async function loadDevKey(path: string, make: boolean): Promise<DevKey> {
  if (make) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(`${JSON.stringify(await newPrivateJwk())}\n`).finally(() => file.close());
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'EEXIST') throw error;
    }
  }
  const jwk = JSON.parse(await readFile(path, 'utf8')) as JWK;
  if (jwk.crv !== 'Ed25519' || jwk.d === undefined) throw new Error(`${path} is not a private Ed25519 key (JWK)`);
  return devKeyOf(jwk);
}

async function newPrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  return exportJWK(privateKey);
}

async function devKeyOf(jwk: JWK): Promise<DevKey> {
  const { d, ...open } = jwk;
  const kid = await calculateJwkThumbprint(open);
  const key = await importJWK(jwk, ALGORITHM);
  return {
    jwks: { keys: [{ ...open, kid, alg: ALGORITHM, use: 'sig' }] },
    clusterToken: hash('sha256', `parkade-cluster ${String(d)}`, 'hex'),
    mint: ({ subject, rights, nowMs, expiresAtMs, issuer, audience, claim }) =>
      new SignJWT({ [claim ?? 'parkade']: rights })
        .setProtectedHeader({ alg: ALGORITHM, kid })
        .setSubject(subject)
        .setIssuer(issuer ?? DEV_ISSUER)
        .setAudience(audience ?? DEV_AUDIENCE)
        .setIssuedAt(Math.floor(nowMs / 1_000))
        .setExpirationTime(Math.floor(expiresAtMs / 1_000))
        .sign(key),
  };
}
