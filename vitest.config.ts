import { defineConfig } from 'vitest/config';

// Unit tests stand beside the code and need nothing but Node; cluster tests start real etcd, NATS and services, so
// their files run one at a time on the two cores this suite is sized for.
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
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
