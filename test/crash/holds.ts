// Holds the first run of a site where a test wants it: at a page of the groups, or before a lock.
import { readProgress } from '../../src/store/walk.ts';
import type { StreamProgress } from '../../src/store/walk.ts';
import { eventually } from '../support/waiting.ts';
import { recoveryMs } from './site.ts';
import type { Site } from './site.ts';

/** Makes the run wait at these requests for pages of groups, counted from now: it is under way for so long. */
export function holdGroups(site: Site, at: readonly number[], seconds: number): void {
  site.simulator.addFaults([{ match: '/groups/delta', at, fault: { kind: 'throttle', retryAfter: seconds } }]);
}

/** Gives no page of groups until the faults are cleared. */
export function refuseGroups(site: Site): void {
  site.simulator.addFaults([{ match: '/groups/delta', fault: { kind: 'throttle', retryAfter: 1 } }]);
}

/** Makes these pages of groups come so slowly, counted from now. Nothing else waits for them. */
export function slowGroups(site: Site, at: readonly number[], bytesPerSecond: number): void {
  site.simulator.addFaults([{ match: '/groups/delta', at, fault: { kind: 'slow', bytesPerSecond } }]);
}

/** Waits until the other streams of the run have ended. */
export async function onlyGroups(site: Site): Promise<void> {
  await eventually('only groups are under way', recoveryMs, async () => {
    const progress = await readProgress(site.database, 1);
    return progress.length > 1 && progress.every(({ stream, outcome }) => (outcome === null) === (stream === 'groups'));
  });
}

/** Waits until so many pages of the groups are committed; answers how many are. */
export function groupsAt(site: Site, least: number): Promise<number> {
  return eventually(`${least} pages of groups`, recoveryMs, async () => {
    const { page } = await groupsOf(site);
    return page >= least ? page : null;
  });
}

export async function groupsOf(site: Site): Promise<StreamProgress> {
  const progress = await readProgress(site.database, 1);
  const groups = progress.find(({ stream }) => stream === 'groups');
  if (groups === undefined) throw new Error('Run 1 has no checkpoint of groups.');
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

/** Sessions of workers that are in a transaction. */
export async function working(site: Site): Promise<number> {
  const [row] = await site.database.query<{ sessions: number }>(
    `select count(*) as sessions from pg_stat_activity
     where datname = current_database() and application_name = 'tidemark-worker' and xact_start is not null`,
  );
  return row?.sessions ?? 0;
}
