import { defineConfig } from 'vitest/config';

// Unit tests stand beside the code and need nothing but Node. Cluster tests start real etcd, NATS and services, and mostly wait for
// them: two files at a time fill the two cores this suite is sized for, in half the time that one after the other takes.
// No 'import' here: it would reach Node's own `require` too, and hand CommonJS packages ES modules (protobufjs its `long`).
const source = { conditions: ['parkade-source', 'node'] };

export default defineConfig({
  test: {
    projects: [
      {
        resolve: source,
        ssr: { resolve: source },
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'services/*/src/**/*.test.ts',
            'board/src/**/*.test.ts',
            'cli/src/**/*.test.ts',
            'sim/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        resolve: source,
        ssr: { resolve: source },
        test: {
          name: 'cluster',
          include: ['test/src/**/*.test.ts', 'test/faults/src/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
