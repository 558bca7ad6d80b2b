import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { ManualClock, SystemClock } from '@parkade/clock';
import { GetSlotRequest, GetSlotResponse, ParkServiceClient, ParkServiceService } from '@parkade/proto';
import { callFailure, GrpcServer, type MountedService, silentLog, unary } from '@parkade/rpc';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { securityOf } from '../security.js';
import { TestCa } from '../testing/certificates.js';
import { servicesOnly } from '../token/services-only.js';
import { CertificateFiles, type TlsFiles } from './certificate-files.js';

const clock = new SystemClock();
const closers: (() => Promise<void> | void)[] = [];
let directory = '';
let ca: TestCa;
let member: TlsFiles;
let user: TlsFiles;
let stranger: TlsFiles;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parkade-tls-'));
  ca = await TestCa.make(join(directory, 'ours'));
  const other = await TestCa.make(join(directory, 'other'));
  [member, user, stranger] = await Promise.all([
    ca.issue('member', 'DNS:parkade', 'DNS:localhost'),
    ca.issue('user', 'DNS:user.example'),
    other.issue('stranger', 'DNS:parkade'),
  ]);
}, 60_000);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function opened(files: TlsFiles, on: ManualClock | SystemClock = clock): Promise<CertificateFiles> {
  const certificates = await CertificateFiles.open(files, { clock: on, log: silentLog });
  closers.push(() => certificates.close());
  return certificates;
}

function secured(certificates: CertificateFiles | undefined, clusterToken?: string): ReturnType<typeof securityOf> {
  const authenticator = servicesOnly(clusterToken);
  return securityOf({ authenticator, certificates, peerName: 'parkade', clusterToken }, clock);
}

async function serve(security: ReturnType<typeof securityOf>): Promise<number> {
  const implementation = {
    getSlot: unary(
      () => Promise.resolve(GetSlotResponse.create()),
      () => undefined,
    ),
  };
  const service = { definition: { getSlot: ParkServiceService.getSlot }, implementation } as unknown as MountedService;
  const server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services: [service], security }, clock);
  closers.push(() => server.stop(0));
  return server.port;
}

/** 'ok', or the code of the failure. */
function call(client: ParkServiceClient): Promise<string> {
  closers.push(() => client.close());
  return new Promise((resolve) => {
    const deadline = Date.now() + 10_000;
    client.getSlot(GetSlotRequest.create(), new Metadata(), { deadline }, (error) =>
      resolve(error === null ? 'ok' : status[callFailure(error).code]),
    );
  });
}

async function callAs(port: number, files: TlsFiles): Promise<string> {
  const { peers } = secured(await opened(files));
  return call(new ParkServiceClient(`127.0.0.1:${port}`, peers.credentials, peers.options));
}

/** The common name in the certificate a server shows. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('between processes with certificates', () => {
  it('serves who shows a certificate of our CA with the name of the cluster, and nobody else (S1)', async () => {
    const port = await serve(secured(await opened(member)));
    expect(await callAs(port, member)).toBe('ok');
    expect(await callAs(port, { ...user, ca: ca.ca })).toBe('UNAUTHENTICATED');
    expect(await callAs(port, { ...stranger, ca: ca.ca })).toBe('UNAUTHENTICATED');
    const bare = credentials.createSsl(await readFile(ca.ca));
    expect(await call(new ParkServiceClient(`localhost:${port}`, bare))).toBe('UNAUTHENTICATED');
    expect(await call(new ParkServiceClient(`127.0.0.1:${port}`, credentials.createInsecure()))).toBe('UNAVAILABLE');
  });

  it('sends nothing to a server that is not of the cluster, wherever it listens (S2)', async () => {
    expect(await callAs(await serve(secured(await opened(stranger))), member)).toBe('UNAVAILABLE');
    expect(await callAs(await serve(secured(await opened(user))), member)).toBe('UNAVAILABLE');
  });

  it('uses replaced files for new connections, and keeps the good ones while they are wrong (C1)', async () => {
    const manual = new ManualClock();
    const files = { cert: join(directory, 'r.crt'), key: join(directory, 'r.key'), ca: ca.ca };
    const put = async ({ cert, key }: TlsFiles): Promise<void> => {
      await Promise.all([copyFile(cert, files.cert), copyFile(key, files.key)]);
    };
    await put(member);
    const port = await serve(secured(await opened(files, manual)));
    expect(await shownBy(port)).toBe('member');
    const settled = async (): Promise<string> => {
      await manual.advance(10_000);
      return shownBy(port);
    };
    await writeFile(files.cert, 'half of a certificate');
    for (let i = 0; i < 3; i++) expect(await settled()).toBe('member');
    await put(await ca.issue('renewed', 'DNS:parkade'));
    await expect.poll(settled, { timeout: 10_000 }).toBe('renewed');
    expect(await callAs(port, member)).toBe('ok');
  });

  it('says which files do not fit each other', async () => {
    await expect(opened({ ...member, key: user.key })).rejects.toThrow('cannot be used together');
    await expect(opened({ ...member, ca: '/nowhere' })).rejects.toThrow('/nowhere');
  });
});

describe('between processes without certificates', () => {
  it('serves who knows the secret of the cluster, and nobody else', async () => {
    const port = await serve(secured(undefined, 'the-secret'));
    const codes = ['the-secret', 'another', undefined].map(async (token) => {
      const { peers } = secured(undefined, token);
      return call(new ParkServiceClient(`127.0.0.1:${port}`, peers.credentials, peers.options));
    });
    expect(await Promise.all(codes)).toEqual(['ok', 'UNAUTHENTICATED', 'UNAUTHENTICATED']);
  });
});
