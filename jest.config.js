// Test files run as our programs do (test/support/runtime). The servers that suites share are started once (test/support/globalSetup).
export default {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  // Its globals are the process's own.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  runtime: '<rootDir>/test/support/runtime.ts',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {},
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  testSequencer: '<rootDir>/test/support/longFirst.ts',
  maxWorkers: 3,
  testTimeout: 180_000,
};
