// The budgets of all sources, one for each thing that Microsoft meters, kept in the database for all workers.
// Microsoft Graph meters an application in a tenant (its x-ms-throttle-scope says Tenant_Application): two connections with the same application
// share one budget, two applications in one tenant do not. https://learn.microsoft.com/graph/throttling-limits
import { type Budget, createBudget, quiet } from '../clients/budget.ts';
import type { Config } from '../config.ts';
import { apiOf } from '../connectors/api.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { Database } from '../store/database.ts';
import { changeThrottle, readThrottle, type ThrottleKey } from '../store/throttle.ts';

export type Budgets = (spec: ConnectionSpec) => Budget;

/** A wait longer than a run takes ends its stream; later runs ask again when that much has passed. */
export function createBudgets(database: Database, { timings }: Pick<Config, 'timings'>): Budgets {
  const budgets = new Map<string, Budget>();
  return (spec) => {
    const key = keyOf(spec);
    const name = JSON.stringify(key);
    const known = budgets.get(name);
    if (known !== undefined) return known;
    const budget = createBudget({
      ledger: {
        read: async () => (await readThrottle(database, key)) ?? quiet,
        change: (how) => changeThrottle(database, key, how),
      },
      longestBlockMs: timings.maxWaitMs,
    });
    budgets.set(name, budget);
    return budget;
  };
}

function keyOf(spec: ConnectionSpec): ThrottleKey {
  const { tenantId, clientId } = spec.credentials;
  return { origin: apiOf(spec).origin, tenant: tenantId.toLowerCase(), client: clientId.toLowerCase() };
}

/** What runs are counted by when they are admitted: the tenant, whichever application reads it. */
export function tenantOf(spec: ConnectionSpec): string {
  const { origin, tenant } = keyOf(spec);
  return `${origin} ${tenant}`;
}
