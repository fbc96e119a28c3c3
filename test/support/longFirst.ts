// The order of the suites: those that last first, so that none of them begins when the others are done. jest itself would learn it only by a first run.
import { statSync } from 'node:fs';
import path from 'node:path';

interface Suite {
  readonly path: string;
}

const root = path.join(import.meta.dirname, '..');
/** Beginnings of paths below `test/`. A longer file usually lasts longer. Beside two that compute come those that mostly wait. */
const lasting = [
  'cli/verbs.',
  'crash/failpoints.',
  'clients/',
  'activities/',
  'worker.',
  'replay/',
  'crash/',
  'operations/',
  'workflows/outage.',
  'docs.',
  'contract/',
  'fulfil/acceptance.',
  'house.',
  'canary.',
  'versions/',
  'package.',
  'worker/',
  'pull/',
  'exports/',
  'workflows/',
  'cli/',
  'fulfil/',
  'stack/',
];

const rankOf = (suite: Suite): number => {
  const rank = lasting.findIndex((beginning) => path.relative(root, suite.path).startsWith(beginning));
  return rank === -1 ? lasting.length : rank;
};
const sizeOf = (suite: Suite): number => statSync(suite.path).size;

export default class LongFirst {
  sort<T extends Suite>(suites: readonly T[]): T[] {
    return suites.toSorted((one, other) => rankOf(one) - rankOf(other) || sizeOf(other) - sizeOf(one));
  }

  /** Called by jest with what each suite took; the order needs none of it. */
  cacheResults(): void {}
}
