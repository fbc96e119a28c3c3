// The schema as ordered SQL. MUST only be appended to: a migration that was released never changes.

import { initial } from './migrations/initial.ts';
import { removals } from './migrations/removals.ts';
import { tenants } from './migrations/tenants.ts';
import { watches } from './migrations/watches.ts';
import { workers } from './migrations/workers.ts';

export interface Migration {
  readonly version: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { version: 1, sql: initial },
  { version: 2, sql: removals },
  { version: 3, sql: tenants },
  { version: 4, sql: watches },
  { version: 5, sql: workers },
];
