import { defineConfig } from 'vitest/config';

// Against real switches: `npm run test:switch`, with FREESWITCH_ESL set; see deploy/freeswitch/README.md. Not part of `npm test`.
const source = { conditions: ['parkade-source', 'node'] };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: ['test/real-switch/src/**/*.test.ts'],
    // Only a switch whose profile tracks its calls can bring them back.
    exclude: process.env['FREESWITCH_TRACKS_CALLS'] === 'true' ? [] : ['**/recovery.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
