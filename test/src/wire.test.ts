import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from './support/network.js';

/** Answers every line with itself, in capitals. */
let server: Server;
let network: Network;
let address = '';
const opened: Socket[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (text: Buffer) => socket.write(text.toString().toUpperCase()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  network = new Network();
  network.names(process.pid, 'here');
  address = await network.front('echo', (server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await network.stop();
  server.close();
});

/** A connection, and all it has heard. */
async function open(): Promise<{ socket: Socket; heard: () => string; ended: () => boolean }> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  opened.push(socket);
  let heard = '';
  let ended = false;
  socket.on('data', (text: Buffer) => (heard += text.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (ended = true));
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', () => resolve());
  });
  return { socket, heard: () => heard, ended: () => ended };
}

const SOON = { timeout: 10_000, interval: 5 };
const REQUEST = 'a request that is long enough to be taken for one\n';

describe('a wire', () => {
  it('delivers what it swallowed, in order, when that is over', async () => {
    const { socket, heard } = await open();
    socket.write('one ');
    await expect.poll(heard, SOON).toBe('ONE ');
    await network.to('echo').begin({ kind: 'swallow' });
    socket.write('two ');
    socket.write('three');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard()).toBe('ONE ');
    await network.heal();
    await expect.poll(heard, SOON).toBe('ONE TWO THREE');
  });

  it('loses the answer to one request, which was delivered, and then breaks', async () => {
    const { socket, heard, ended } = await open();
    const arrived: string[] = [];
    server.on('connection', (far) => far.on('data', (text: Buffer) => arrived.push(text.toString())));
    const other = await open();
    other.socket.write('hello');
    await expect.poll(other.heard, SOON).toBe('HELLO');
    network.to('echo').dropReply();
    other.socket.write(REQUEST);
    await expect.poll(other.ended, SOON).toBe(true);
    expect([arrived, other.heard()]).toEqual([['hello', REQUEST], 'HELLO']);
    socket.write('short');
    await expect.poll(heard, SOON).toBe('SHORT');
    expect(ended()).toBe(false);
  });

  it('refuses, and takes connections again', async () => {
    const first = await open();
    await network.to('echo').begin({ kind: 'refuse' });
    await expect.poll(first.ended, SOON).toBe(true);
    await expect.poll((await open()).ended, SOON).toBe(true);
    await network.heal();
    const later = await open();
    later.socket.write('back');
    await expect.poll(later.heard, SOON).toBe('BACK');
  });

  it('strikes the connections of one process and no other', async () => {
    const [host = '', port = ''] = address.split(':');
    const script = `const s=require('net').connect(${port},'${host}');s.on('data',d=>process.stdout.write(d));s.write('child\\n');setInterval(()=>s.write('more\\n'),20)`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    network.names(child.pid ?? 0, 'child');
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await expect.poll(() => said.includes('CHILD'), SOON).toBe(true);
    const own = await open();
    await network.to('echo').begin({ kind: 'swallow' }, 'child');
    const before = said.length;
    own.socket.write('mine');
    await expect.poll(own.heard, SOON).toBe('MINE');
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What was on its way when it began may still come.
    expect(said.length).toBeLessThanOrEqual(before + 20);
    await network.heal();
    await expect.poll(() => said.length, SOON).toBeGreaterThan(before + 30);
  });

  it('delays what passes', async () => {
    const { socket, heard } = await open();
    await network.to('echo').begin({ kind: 'delay', ms: 100 });
    const at = performance.now();
    socket.write('late');
    await expect.poll(heard, SOON).toBe('LATE');
    expect(performance.now() - at).toBeGreaterThanOrEqual(195);
  });
});
