// Holds a run of a site where a test wants it: at a page of the groups, or before a lock.
import { readProgress } from '../../src/store/walk.ts';
import type { StreamProgress } from '../../src/store/walk.ts';
import { eventually } from '../support/waiting.ts';
import { recoveryMs } from './site.ts';
import type { Site } from './site.ts';

/** Makes the run wait at these requests for pages of groups, counted from now: it is under way for so long. */
export function holdGroups(site: Site, at: readonly number[], seconds: number): void {
  site.simulator.addFaults([{ match: '/groups/delta', at, fault: { kind: 'throttle', retryAfter: seconds } }]);
}

/** Waits until so many pages of the groups are committed. */
export async function groupsAt(site: Site, least: number, run = 1): Promise<void> {
  await eventually(`${least} pages of groups`, recoveryMs, async () => (await groupsOf(site, run)).page >= least);
}

export async function groupsOf(site: Site, run: number): Promise<StreamProgress> {
  const progress = await readProgress(site.database, run);
  const groups = progress.find(({ stream }) => stream === 'groups');
  if (groups === undefined) throw new Error(`Run ${run} has no checkpoint of groups.`);
  return groups;
}

/** Holds a table locked while `work` is done. */
export async function whileLocked(site: Site, table: string, work: () => Promise<void>): Promise<void> {
  await site.database.transaction(async (transaction) => {
    await transaction.query(`lock table ${table} in access exclusive mode`);
    await work();
  });
}

/** Sessions of workers that wait for a lock. */
export async function waiting(site: Site): Promise<number> {
  const [row] = await site.database.query<{ sessions: number }>(
    `select count(*) as sessions from pg_stat_activity
     where datname = current_database() and application_name = 'tidemark-worker' and wait_event_type = 'Lock'`,
  );
  return row?.sessions ?? 0;
}
