/** @type {import('jest').Config} */
const project = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{libs,apps}/**/*.spec.ts', '<rootDir>/test/**/*.{spec,e2e-spec}.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^nestjs-sns-sqs/redis$': '<rootDir>/libs/nestjs-sns-sqs/src/redis/index.ts',
    '^nestjs-sns-sqs/testing$': '<rootDir>/libs/nestjs-sns-sqs/src/testing/index.ts',
    '^nestjs-sns-sqs$': '<rootDir>/libs/nestjs-sns-sqs/src/index.ts',
    '^local-sns-sqs$': '<rootDir>/libs/local-sns-sqs/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/support/require-redis.mjs',
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
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
    { ...project, displayName: 'nest12' },
    {
      ...project,
      displayName: 'nest11',
      moduleNameMapper: {
        ...project.moduleNameMapper,
        '^@nestjs/(.*)$': '<rootDir>/compat/nest11/node_modules/@nestjs/$1',
      },
    },
  ],
  collectCoverageFrom: ['{libs,apps}/*/src/**/*.ts', '!**/main.ts', '!**/index.ts'],
  coverageProvider: 'v8',
  maxWorkers: '100%',
};
