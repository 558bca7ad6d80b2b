import tseslint from 'typescript-eslint';

/** Services reach each other over the network only; what two of them need is a package. */
const noServiceImports = {
  patterns: [
    {
      group: [
        '@parkade/slot-shard',
        '@parkade/gateway',
        '@parkade/recall',
        '@parkade/media',
        '@parkade/flow-service',
        '@parkade/lamps-feed',
        '**/services/**',
      ],
      message: 'Services and packages never import a service: move what is shared to packages/.',
    },
  ],
};

export default tseslint.config(
  // The outside client is compiled by its test, against types that are generated there.
  { ignores: ['**/dist/**', '**/node_modules/**', 'packages/proto/src/gen/**', 'test/outside-client/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['vitest.config.ts', 'vitest.switch.config.ts'] } },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['packages/**/*.ts', 'services/**/*.ts'], rules: { 'no-restricted-imports': ['error', noServiceImports] } },
  {
    // The pure core: decisions are functions of (state, command, now). No clock, no randomness, no I/O.
    files: [
      'services/*/src/machine/**/*.ts',
      'packages/settings/src/resolve*.ts',
      'packages/ownership/src/placement.ts',
    ],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'Date', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'process'],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...noServiceImports.patterns,
            { group: ['node:*', '@grpc/*', 'etcd3', 'nats'], message: 'The core is pure.' },
          ],
        },
      ],
    },
  },
  { files: ['cli/**/*.ts', 'bench/**/*.ts', 'test/faults/**/*.ts'], rules: { 'no-console': 'off' } },
);
