import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { bundledNest } from './test/support/bundled-nest.mjs';
import { asPattern, runsOf } from './test/support/second-runs.mjs';
import { specsWithoutNest } from './test/support/specs-without-nest.mjs';

/** What the workspace's packages stand for. */
const PACKAGES = {
  '^nestjs-sns-sqs$': '<rootDir>/libs/nestjs-sns-sqs/src/index.ts',
  '^nestjs-sns-sqs/(.+)$': '<rootDir>/libs/nestjs-sns-sqs/src/$1/index.ts',
  '^local-sns-sqs$': '<rootDir>/libs/local-sns-sqs/src/index.ts',
};

const withoutNest = specsWithoutNest(import.meta.dirname, ['libs', 'apps', 'examples', 'test'], PACKAGES);

const runs = runsOf(import.meta.dirname, {
  testMatch: ['<rootDir>/{libs,apps,examples}/**/*.spec.ts', '<rootDir>/test/**/*.{spec,e2e-spec}.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...withoutNest.map(asPattern)],
});

const [nest12, nest11] = await Promise.all(
  ['.', 'compat/nest11'].map(folder => bundledNest(import.meta.dirname, join(import.meta.dirname, folder))),
);

/** @type {import('jest').Config} */
const project = {
  rootDir: import.meta.dirname,
  testEnvironment: '<rootDir>/test/support/leaves-nothing.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    ...PACKAGES,
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/site/node_modules/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

/** @type {import('jest').Config} */
export default {
  projects: [
    {
      ...project,
      ...runs.nest12,
      displayName: 'nest12',
      moduleNameMapper: { ...project.moduleNameMapper, ...nest12 },
    },
    {
      ...project,
      ...runs.nest11,
      displayName: 'nest11',
      moduleNameMapper: {
        ...project.moduleNameMapper,
        ...nest11,
        // Of one version for both majors, and at the root.
        '^@nestjs/(?!observe)(.*)$': '<rootDir>/compat/nest11/node_modules/@nestjs/$1',
      },
    },
    {
      ...project,
      displayName: 'without-nest',
      testMatch: withoutNest.map(spec => `<rootDir>/${spec}`),
      testPathIgnorePatterns: ['/node_modules/'],
      ...runs.withoutNest,
      moduleNameMapper: {
        ...project.moduleNameMapper,
        '^@nestjs/.*': '<rootDir>/test/support/specs-without-nest.mjs takes this spec for one that loads no Nest',
      },
    },
  ],
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  collectCoverageFrom: ['{libs,apps}/*/src/**/*.ts', '!**/*.spec.ts', '!**/main.ts', '!**/index.ts'],
  coverageProvider: 'v8',
  // A machine may be busy; what a test waits for has a deadline of its own.
  testTimeout: 20_000,
  // A worker that has nothing left to do still frees its heap. Half a gigabyte takes longer than Jest's half second, after
  // which it warns of a leak. What really is left behind fails its spec: see leaves-nothing.mjs.
  workerGracefulExitTimeout: 15_000,
  // The e2e specs wait more than they work: with two more than processors, these were idle for a quarter of the time. Many more, and specs on PostgreSQL meet it too slow.
  maxWorkers: availableParallelism() + 3,
};
