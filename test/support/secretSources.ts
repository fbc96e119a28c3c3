// Where the workers of suites read secrets: nowhere, but for what a suite says.
import type { SecretSources } from '../../src/config/secretSources.ts';

export function secretSources(given: Partial<SecretSources> = {}): SecretSources {
  return {
    env: {},
    allowedEnv: [],
    dir: null,
    keyFile: '/nowhere',
    federatedTokenFile: null,
    jweKeyFiles: [],
    keyVault: null,
    ccp: null,
    ...given,
  };
}
