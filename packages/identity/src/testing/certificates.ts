import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsFiles } from '../tls/certificate-files.js';

const run = promisify(execFile);

/** Makes certificates with openssl, for tests. */
export class TestCa {
  private constructor(
    readonly directory: string,
    /** Of the CA's own certificate. */
    readonly ca: string,
    private readonly key: string,
  ) {}

  /** A new CA with its files in `directory`, which is made. */
  static async make(directory: string): Promise<TestCa> {
    await mkdir(directory, { recursive: true });
    const [ca, key] = [join(directory, 'ca.crt'), join(directory, 'ca.key')];
    const subject = ['-subj', '/CN=Parkade test CA', '-addext', 'basicConstraints=critical,CA:TRUE'];
    await openssl('req', '-x509', ...newKey(key), '-days', '2', ...subject, '-out', ca);
    return new TestCa(directory, ca, key);
  }

  /** A certificate for server and client with these names (`DNS:parkade`, `IP:127.0.0.1`). */
  async issue(name: string, ...subjectAltNames: readonly string[]): Promise<TlsFiles> {
    const at = (suffix: string): string => join(this.directory, `${name}.${suffix}`);
    await openssl('req', ...newKey(at('key')), '-subj', `/CN=${name}`, '-out', at('csr'));
    const usage = 'extendedKeyUsage=serverAuth,clientAuth';
    await writeFile(at('ext'), `subjectAltName=${subjectAltNames.join(',')}\n${usage}\n`);
    // A serial of its own: a file of them would be written by all who issue at once.
    const serial = ['-set_serial', `0x${randomBytes(16).toString('hex')}`];
    const signer = ['-CA', this.ca, '-CAkey', this.key, ...serial, '-extfile', at('ext')];
    await openssl('x509', '-req', '-in', at('csr'), ...signer, '-days', '2', '-out', at('crt'));
    return { cert: at('crt'), key: at('key'), ca: this.ca };
  }
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', [...args]);
}
