import { defineConfig } from 'vitest/config';

// Against real switches: `npm run test:switch`, with FREESWITCH_ESL set; see deploy/freeswitch/README.md. Not part of `npm test`.
const source = { conditions: ['parkade-source', 'node'] };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: ['test/real-switch/src/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
