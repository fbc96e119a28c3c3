// Connections with real activities, a real database and the simulated tenant, for the tests of the reconciler.
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { noopMetricMeter } from '@temporalio/common';
import { startSimulator } from '../../simulator/simulator.ts';
import { createActivities } from '../../src/activities/index.ts';
import type { Activities } from '../../src/activities/types.ts';
import type { Schedule } from '../../src/clients/calendar.ts';
import { syncSchedules } from '../../src/clients/schedules.ts';
import { type ConnectionSpec, specHash } from '../../src/connectors/spec.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { JsonObject, RunReport } from '../../src/model.ts';
import { putConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { type Occurrence } from '../../src/store/occurrence.ts';
import { taskQueues } from '../../src/workflows/ids.ts';
import type { ReconcileAnswer } from '../../src/workflows/reconcile.ts';
import { freshDatabase } from '../support/databases.ts';
import { putSimulated } from '../support/pulling.ts';
import { quickTimings } from './fakes.ts';
import { type Harness, type HarnessOptions, startHarness } from './harness.ts';
import { secretSources } from '../support/secretSources.ts';

export interface Site {
  readonly database: Database;
  readonly harness: Harness;
  /** Applies a connection of one stream; its Schedules are made too, unless `sync` is false. Answers its name. */
  connect(profiles: readonly GivenProfile[], options?: { readonly name?: string; readonly sync?: boolean }): Promise<string>;
  /** Runs the reconciler's workflow to its end. */
  reconcile(): Promise<ReconcileAnswer>;
  /** As if nobody had looked at the profile's schedule since then. */
  lookedTill(name: string, at: string): Promise<void>;
  /** The occurrences that have a row, oldest first. */
  occurrences(name: string): Promise<Pick<Occurrence, 'scheduledAt' | 'run' | 'outcome' | 'reason'>[]>;
  runs(name: string): Promise<{ readonly run: number; readonly report: RunReport | null }[]>;
  close(): Promise<void>;
}

interface GivenProfile {
  readonly name?: string;
  readonly schedule: Schedule | null;
  readonly status?: 'active' | 'inactive';
}

export interface SiteOptions extends HarnessOptions {
  readonly database?: Database;
  /** In place of some activities. */
  readonly instead?: (activities: Activities) => Partial<Activities>;
}

export async function openSite({ database: given, instead = () => ({}), ...options }: SiteOptions = {}): Promise<Site> {
  const database = given ?? (await freshDatabase());
  const simulator = await startSimulator({ users: 300 });
  const make = (client: Client): Activities => {
    const activities = createActivities({
      database,
      client,
      config: {
        timings: quickTimings,
        admission: { atOnce: 100, perTenant: 100 },
        changesDays: 30,
        ordersDays: 400,
        exportDir: '/nowhere',
        secrets: secretSources({ env: { TIDEMARK_SECRET_TEST: simulator.clientSecret } }),
        allowedOrigins: [],
        proxy: { url: null, except: null },
        ordersDir: null,
        lists: { kevFile: null, epssFile: null },
      },
      logger: createLogger('silent'),
      metrics: createMetrics(noopMetricMeter),
      build: null,
      draining: new AbortController().signal,
    });
    return { ...activities, ...instead(activities) };
  };
  const harness = await startHarness(make, options);
  return {
    database,
    harness,
    async connect(profiles, { name = `r-${randomUUID()}`, sync = true } = {}) {
      const bare = await putSimulated({ database, simulator, name: `${name}.`, streams: ['roles'] });
      await database.query('delete from connection where name = $1', [`${name}.`]);
      const spec: ConnectionSpec = { ...bare, name, profiles: profiles.map((profile) => profileOf(bare, profile)) };
      await putConnection(database, { name, spec: JSON.parse(JSON.stringify(spec)) as JsonObject, specHash: specHash(spec) });
      if (sync) await syncSchedules(harness.client, spec);
      return name;
    },
    reconcile: () =>
      harness.client.workflow.execute('reconcile', { workflowId: `reconcile-${randomUUID()}`, taskQueue: taskQueues.control, args: [] }),
    async lookedTill(name, at) {
      await database.query('update watch set looked_till = $2, since = least(since, $2) where connection = $1', [name, at]);
    },
    occurrences: (name) =>
      database.query(
        `select scheduled_at as "scheduledAt", run, outcome, reason from occurrence where connection = $1 order by scheduled_at`,
        [name],
      ),
    runs: (name) => database.query('select run, report from run where connection = $1 order by run', [name]),
    async close() {
      await harness.stop();
      await simulator.close();
      await database.close();
    },
  };
}

function profileOf(
  spec: ConnectionSpec,
  { name = 'default', schedule, status = 'active' }: GivenProfile,
): ConnectionSpec['profiles'][number] {
  const [profile] = spec.profiles;
  if (profile === undefined) throw new Error('The connection has no profile.');
  return { ...profile, name, status, schedule, baseline: null };
}

/** Whole seconds, as Temporal's nominal times. */
export const iso = (ms: number): string => new Date(Math.floor(ms / 1000) * 1000).toISOString();

export const recurring = (
  every: string | null,
  start: string,
  more: Partial<Extract<Schedule, { occurs: 'recurring' }>> = {},
): Schedule => ({ occurs: 'recurring', every, cron: null, start, end: '2036-01-01T00:00:00Z', timezone: 'UTC', ...more });
