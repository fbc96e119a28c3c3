// Tests run on swc as CommonJS; the sources stay ES modules. The servers that suites share are started once (test/support).
const commonJs = ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }];

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // jose is ES modules only.
  transform: { '^.+\\.ts$': commonJs, '/node_modules/jose/.+\\.js$': commonJs },
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  maxWorkers: 2,
  testTimeout: 180_000,
};
