import { afterEach, describe, expect, it, vi } from 'vitest';
import { parkadeProgram } from '../program.js';
import { run } from '../run.js';
import { unknownVariables, VARIABLES } from './variables.js';

const SILENT = { line: () => undefined, error: () => undefined, colour: false };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The names of an environment that are refused, and which was meant. */
function slips(...names: readonly string[]): readonly string[] {
  const unknown = unknownVariables(Object.fromEntries(names.map((name) => [name, 'x'])));
  return unknown.filter(({ slip }) => slip).map(({ name, nearest }) => `${name} ${nearest}`);
}

describe('variables of the environment', () => {
  it('are all read by some command', async () => {
    const program = await parkadeProgram([], SILENT, () => undefined);
    const commands = [program, ...program.commands.flatMap((command) => [command, ...command.commands])];
    const read = new Set(commands.flatMap(({ options }) => options.map(({ envVar }) => envVar)));
    expect(VARIABLES.filter((name) => !read.has(name))).toEqual([]);
  }, 60_000);

  it('misspelt are slips, whichever way (V1)', () => {
    expect(slips('PARKADE_SHARD', 'PARKADE_LOGLEVEL', 'PARKADE_ETDC', 'PARKADE_METRIC', 'PARKADE_LEASE_TLL')).toEqual([
      'PARKADE_ETDC PARKADE_ETCD',
      'PARKADE_LEASE_TLL PARKADE_LEASE_TTL',
      'PARKADE_LOGLEVEL PARKADE_LOG_LEVEL',
      'PARKADE_METRIC PARKADE_METRICS',
      'PARKADE_SHARD PARKADE_SHARDS',
    ]);
  });

  it('of a newer version or of somebody’s own are told and let be (V2)', () => {
    const own = { PARKADE_API: 'x', PARKADE_HOME: 'x', PARKADE_SHARD_COUNT: '8', PARKADE_IMAGE: 'x', OTHER: 'x' };
    const unknown = unknownVariables(own);
    expect(unknown.map(({ name }) => name)).toEqual(Object.keys(own).slice(0, 4).sort());
    expect(unknown.some(({ slip }) => slip)).toBe(false);
  });

  it('that Kubernetes puts there for Services are none of ours (V3)', () => {
    const links = {
      PARKADE_GATEWAY_SERVICE_HOST: '10.0.0.1',
      PARKADE_GATEWAY_SERVICE_PORT: '7275',
      PARKADE_GATEWAY_SERVICE_PORT_GRPC: '7275',
      PARKADE_GATEWAY_PORT: 'tcp://10.0.0.1:7275',
      PARKADE_GATEWAY_PORT_7275_TCP: 'tcp://10.0.0.1:7275',
      PARKADE_GATEWAY_PORT_7275_TCP_ADDR: '10.0.0.1',
    };
    expect(unknownVariables(links)).toEqual([]);
    expect(unknownVariables({ PARKADE_GATEWAY_PORT_7275_TCP: 'x' })).toHaveLength(1);
  });

  it('misspelt stop a service before it starts, together with every other fault', async () => {
    vi.stubEnv('PARKADE_SHARD', '16');
    const told: string[] = [];
    const output = { ...SILENT, error: (text: string) => void told.push(text) };
    expect(await run(['gateway', '--etcd', '127.0.0.1:1', '--port', 'x', '--json'], output)).toBe(2);
    const { faults } = JSON.parse(told[0] ?? '') as { faults: readonly string[] };
    expect(faults).toEqual([
      'PARKADE_SHARD is not known: did you mean PARKADE_SHARDS? Rename it, or unset it',
      expect.stringContaining('--port'),
    ]);
  });
});
