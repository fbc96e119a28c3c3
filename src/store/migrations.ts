// The schema as ordered SQL. MUST only be appended to: a migration that was released never changes.

import { initial } from './migrations/initial.ts';
import { workers } from './migrations/workers.ts';

export interface Migration {
  readonly version: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { version: 1, sql: initial },
  { version: 5, sql: workers },
];
