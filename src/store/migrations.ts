// The schema as ordered SQL. MUST only be appended to: a migration that was released never changes.

import { changes } from './migrations/changes.ts';
import { credentials } from './migrations/credentials.ts';
import { events } from './migrations/events.ts';
import { exportSets } from './migrations/exports.ts';
import { findings } from './migrations/findings.ts';
import { identities } from './migrations/identities.ts';
import { initial } from './migrations/initial.ts';
import { maps } from './migrations/maps.ts';
import { marks } from './migrations/marks.ts';
import { orderPaths } from './migrations/orderPaths.ts';
import { orders } from './migrations/orders.ts';
import { removals } from './migrations/removals.ts';
import { searches } from './migrations/searches.ts';
import { tenants } from './migrations/tenants.ts';
import { watches } from './migrations/watches.ts';
import { workers } from './migrations/workers.ts';

export interface Migration {
  readonly version: number;
  /** The oldest version whose code still works when this one has been applied: its own, unless it only adds what older code may leave alone. */
  readonly oldest: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { version: 1, oldest: 1, sql: initial },
  { version: 2, oldest: 2, sql: removals },
  { version: 3, oldest: 3, sql: tenants },
  { version: 4, oldest: 4, sql: watches },
  { version: 5, oldest: 5, sql: workers },
  { version: 6, oldest: 5, sql: marks },
  { version: 7, oldest: 5, sql: credentials },
  { version: 8, oldest: 5, sql: maps },
  { version: 9, oldest: 5, sql: searches },
  { version: 10, oldest: 5, sql: changes },
  { version: 11, oldest: 5, sql: events },
  { version: 12, oldest: 5, sql: orders },
  { version: 13, oldest: 5, sql: exportSets },
  { version: 14, oldest: 5, sql: findings },
  { version: 15, oldest: 5, sql: orderPaths },
  { version: 16, oldest: 5, sql: identities },
];
