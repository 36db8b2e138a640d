import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

// The layer rule of the design: methods, tasks, history, papers and reports never import each other, and nothing imports upwards.
const layers = {
  kernels: [],
  core: ['kernels'],
  methods: ['core', 'kernels'],
  tasks: ['core'],
  history: ['core', 'kernels'],
  papers: ['core'],
  reports: ['core'],
  cli: ['kernels', 'core', 'methods', 'tasks', 'history', 'papers', 'reports'],
};

const boundaries = {
  // Tests import their own package by name, so that they test what is built.
  allowCircularSelfDependency: true,
  banTransitiveDependencies: true,
  // Fixtures of core's tests serve the tests above it, the scripts that start a peer serve its comparisons, and the
  // templates and the example of a method are held to the contract tests.
  allow: ['../../core/test/fixtures/*', '../../../scripts/peers/*', '../../../templates/**', '../../../examples/**'],
  depConstraints: Object.entries(layers).map(([layer, below]) => ({
    sourceTag: `scope:${layer}`,
    onlyDependOnLibsWithTags: [layer, ...below].map((name) => `scope:${name}`),
  })),
};

export default tseslint.config(
  {
    ignores: [
      '**/dist',
      '**/node_modules',
      '**/target',
      '**/*.generated.*',
      '.nx',
      '.tap',
      '.venv',
      'runs',
      'artifacts',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { '@nx': nx },
    languageOptions: { parser: tseslint.parser },
    rules: {
      'no-debugger': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 300 }],
    },
  },
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': ['error', boundaries],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // Reports are a view: they may know the shapes of core's rows, never its code.
    files: ['reports/src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@lowbit/*'], allowTypeImports: true, message: 'reports imports types only.' }] },
      ],
    },
  },
  prettier,
);
