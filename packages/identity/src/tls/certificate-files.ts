import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';
import type { Clock, Timer } from '@parkade/clock';
import type { CertificatePem, Log, ServerCertificate } from '@parkade/rpc';

type CaListener = Parameters<experimental.CertificateProvider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<experimental.CertificateProvider['addIdentityCertificateListener']>[0];

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate of this process, with what stands between it and the CA. */
  readonly cert: string;
  readonly key: string;
  /** The CA whose certificates are believed. */
  readonly ca: string;
}

interface Contents extends CertificatePem {
  readonly ca: Buffer;
}

export interface CertificateFilesDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** The files are looked at this often. */
export const DEFAULT_RELOAD_MS = 10_000;

/**
 * The certificate of this process and the CA it believes, from files that may be replaced while it runs (as Kubernetes replaces
 * mounted secrets). New connections use the new ones; those that stand are not touched.
 *
 *   C1. Only certificates that can be used, with the key that belongs to them, replace those in use; a file that is missing, half
 *       written or wrong changes nothing and is logged once.
 */
export class CertificateFiles implements experimental.CertificateProvider, ServerCertificate {
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();
  readonly #listeners = new Set<(pem: CertificatePem) => void>();
  #timer: Timer | undefined;
  #fault = '';
  #closed = false;

  private constructor(
    private readonly files: TlsFiles,
    private contents: Contents,
    private readonly deps: CertificateFilesDeps,
    private readonly reloadMs: number,
  ) {
    this.#later();
  }

  /** Rejects where a file cannot be read, or they do not fit each other; the message names the files. */
  static async open(
    files: TlsFiles,
    deps: CertificateFilesDeps,
    reloadMs = DEFAULT_RELOAD_MS,
  ): Promise<CertificateFiles> {
    return new CertificateFiles(files, await read(files), deps, reloadMs);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  get current(): CertificatePem {
    return this.contents;
  }

  onChange(listener: (pem: CertificatePem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    // Later: grpc-js adds a listener before whoever is to hear of it.
    process.nextTick(() => listener({ caCertificate: this.contents.ca }));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    process.nextTick(() => listener({ certificate: this.contents.cert, privateKey: this.contents.key }));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  #later(): void {
    if (this.#closed) return;
    this.#timer = this.deps.clock.setTimer(this.reloadMs, () => void this.#reload().then(() => this.#later()));
  }

  async #reload(): Promise<void> {
    const { log } = this.deps;
    try {
      const found = await read(this.files);
      const { contents } = this;
      this.#fault = '';
      if (found.cert.equals(contents.cert) && found.key.equals(contents.key) && found.ca.equals(contents.ca)) return;
      this.contents = found;
      // The certificate first: a listener that takes the two one by one must not be left with a key of another one.
      for (const listener of this.#identityListeners) {
        listener({ certificate: found.cert, privateKey: found.key });
      }
      for (const listener of this.#caListeners) listener({ caCertificate: found.ca });
      for (const listener of this.#listeners) listener(found);
      log.info('certificates-reloaded', { cert: this.files.cert });
    } catch (error) {
      if (String(error) !== this.#fault) log.warn('certificates-kept', { error: String(error) });
      this.#fault = String(error);
    }
  }
}

async function read({ cert, key, ca }: TlsFiles): Promise<Contents> {
  const [certPem, keyPem, caPem] = await Promise.all([readFile(cert), readFile(key), readFile(ca)]);
  try {
    // Throws where one is no PEM, or the key belongs to another certificate.
    createSecureContext({ cert: certPem, key: keyPem, ca: caPem });
  } catch (error) {
    throw new Error(`${cert}, ${key} and ${ca} cannot be used together: ${String(error)}`, { cause: error });
  }
  return { cert: certPem, key: keyPem, ca: caPem };
}
