// Tests run on swc as CommonJS; the sources stay ES modules. The servers that suites share are started once (test/support).
const onlyEsModules = '(?:jose|@?chevrotain)/';
const commonJs = ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }];

export default {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': commonJs, [`/node_modules/${onlyEsModules}.+\\.js$`]: commonJs },
  // Their packages name no entry but to `import`.
  moduleNameMapper: { '^@chevrotain/(.+)$': '<rootDir>/node_modules/@chevrotain/$1/lib/src/api.js' },
  transformIgnorePatterns: [`/node_modules/(?!${onlyEsModules})`],
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  testSequencer: '<rootDir>/test/support/longFirst.ts',
  maxWorkers: 3,
  testTimeout: 180_000,
};
