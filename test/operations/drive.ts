// Drives the occurrences of a schedule through the entity, one by one: Temporal says when they are, the real activities on a real database
// open, plan and end their runs. Only the streams' pages are left out: each walk ends at once, with a cursor or with a failure.
import { randomUUID } from 'node:crypto';
import { msToTs, tsToDate } from '@temporalio/common/lib/time.js';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { noopMetricMeter } from '@temporalio/common';
import { createActivities } from '../../src/activities/index.ts';
import type { Activities, SavedState, StreamRequest } from '../../src/activities/types.ts';
import { syncSchedules } from '../../src/clients/schedules.ts';
import { shippedTimings } from '../../src/config.ts';
import { parseConnectionFiles } from '../../src/connectors/connectionFile.ts';
import { type ConnectionSpec, specHash } from '../../src/connectors/spec.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { JsonObject, SliceResult } from '../../src/model.ts';
import { putConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { commitPage } from '../../src/store/page.ts';
import { endWalk, readCheckpoint, startWalk } from '../../src/store/walk.ts';
import { connectionId, scheduleId, taskQueues } from '../../src/workflows/ids.ts';
import { forceFullPullUpdate, pullDueUpdate, resumeUpdate, type RunAnswer, type RunAnswers } from '../../src/workflows/messages.ts';
import { pageOf } from '../support/storing.ts';
import { type Harness, startHarness } from '../workflows/harness.ts';
import { secretSources } from '../support/secretSources.ts';

interface Driven {
  /** The nominal times in the span, ISO-8601, as Temporal lists them for the profile's Schedule. */
  times(from: string, to: string): Promise<string[]>;
  /** One occurrence, to the end of its run. Its full pull fails when told so. */
  occur(scheduledAt: string, fails: boolean): Promise<DrivenRun>;
  /** A forced full pull, to its end, at a time of the driven year. */
  force(at: string): Promise<DrivenRun>;
}

/** A run as its row has it. */
export interface DrivenRun {
  readonly mode: string | null;
  readonly reason: string | null;
  readonly verdict: string | null;
  readonly overdue: boolean;
}

export interface Driver {
  readonly harness: Harness;
  /** Applies a connection with this profile; its Schedule is paused, so that nothing comes by itself. */
  connect(profile: object): Promise<Driven>;
}

export async function startDriver(database: Database): Promise<Driver> {
  const failing = new Set<string>();
  const ends = new Map<string, (run: number) => void>();
  const harness = await startHarness((client) => {
    const activities = createActivities({
      database,
      client,
      config: {
        timings: shippedTimings,
        admission: { atOnce: 100, perTenant: 100 },
        changesDays: 30,
        ordersDays: 400,
        exportDir: '/nowhere',
        secrets: secretSources({ env: { TIDEMARK_SECRET_TEST: 'unused' } }),
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
    return { ...activities, pullStream: (request) => endAtOnce(database, request, failing), saveState: telling(activities, ends) };
  });

  const connect = async (profile: object): Promise<Driven> => {
    const name = `y-${randomUUID()}`;
    const spec = specOf(name, profile);
    await putConnection(database, { name, spec: JSON.parse(JSON.stringify(spec)) as JsonObject, specHash: specHash(spec) });
    await syncSchedules(harness.client, spec);
    await harness.client.schedule.getHandle(scheduleId(name, 'default')).pause('driven by the test');
    const settled = new Map<number, () => void>();
    const ended = new Set<number>();
    ends.set(name, (run) => {
      ended.add(run);
      settled.get(run)?.();
    });
    const start = new WithStartWorkflowOperation('connection', {
      workflowId: connectionId(name),
      taskQueue: taskQueues.control,
      args: [{ name }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    // Whoever comes first starts it.
    await harness.client.workflow.executeUpdateWithStart(resumeUpdate, { args: [{}], startWorkflowOperation: start });
    const handle = harness.client.workflow.getHandle(connectionId(name));
    const runOf = async (answer: RunAnswer | undefined): Promise<DrivenRun> => {
      if (answer?.outcome !== 'run') throw new Error(`not a run: ${JSON.stringify(answer)}`);
      const { run } = answer;
      await new Promise<void>((resolve) => (ended.has(run) ? resolve() : settled.set(run, resolve)));
      const [row] = await database.query<DrivenRun>(
        'select mode, reason, verdict, baseline_overdue as overdue from run where connection = $1 and run = $2',
        [name, run],
      );
      if (row === undefined) throw new Error(`no run ${run}`);
      return row;
    };
    let clock: number | null = null;
    /** What the database's clock would have counted since the last occurrence. */
    const pass = async (to: string): Promise<void> => {
      const passedMs = clock === null ? 0 : Date.parse(to) - clock;
      clock = Date.parse(to);
      await database.query(
        `update cursor set received_at = received_at - $2 * interval '1 ms', failed_full_at = failed_full_at - $2 * interval '1 ms'
         where connection = $1`,
        [name, passedMs],
      );
    };
    return {
      async times(from, to) {
        const { startTime } = await harness.client.workflowService.listScheduleMatchingTimes({
          namespace: harness.namespace,
          scheduleId: scheduleId(name, 'default'),
          startTime: msToTs(Date.parse(from)),
          endTime: msToTs(Date.parse(to)),
        });
        return startTime.map((time) => tsToDate(time).toISOString());
      },
      async occur(scheduledAt, fails) {
        await pass(scheduledAt);
        if (fails) failing.add(name);
        const answer = await handle.executeUpdate(pullDueUpdate, { args: [{ profile: 'default', scheduledAt }] });
        const run = await runOf(answer);
        failing.delete(name);
        return run;
      },
      async force(at) {
        await pass(at);
        const { answers } = await handle.executeUpdate<RunAnswers, [unknown]>(forceFullPullUpdate.name, { args: [{}] });
        const run = await runOf(answers[0]);
        // Its nominal time is when it was asked for, and that clock has not moved.
        await database.query('update cursor set last_full_nominal_at = $2 where connection = $1', [name, at]);
        return run;
      },
    };
  };
  return { harness, connect };
}

function specOf(name: string, profile: object): ConnectionSpec {
  const file = {
    name,
    connector: 'entra-identity',
    credentials: {
      tenantId: randomUUID(),
      clientId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
      clientSecret: 'env:TIDEMARK_SECRET_TEST',
    },
    cloud: 'custom',
    endpoints: { login: 'http://127.0.0.1:1', graph: 'http://127.0.0.1:1/v1.0' },
    profiles: [{ name: 'default', streams: ['users'], ...profile }],
  };
  const { connections, problems } = parseConnectionFiles([{ file: 'test', text: JSON.stringify(file) }], { now: new Date() });
  if (connections[0] === undefined) throw new Error(JSON.stringify(problems));
  return connections[0].spec;
}

async function endAtOnce(
  database: Database,
  { run, connection, stream }: StreamRequest,
  failing: ReadonlySet<string>,
): Promise<SliceResult> {
  const place = { run, connection, stream };
  const { mode, reason, walk } = await readCheckpoint(database, place);
  await startWalk(database, { ...place, mode, reason, steps: [], after: walk });
  if (mode === 'full' && failing.has(connection)) {
    const error = { code: 'SOURCE_UNAVAILABLE', message: 'The test has it fail.', hint: '' } as const;
    await endWalk(database, { ...place, outcome: 'failed', error });
    return { kind: 'failed', error };
  }
  await commitPage(database, await pageOf(database, place, { walk: walk + 1, page: 0 }, { cursor: `cursor of ${run}` }));
  await endWalk(database, { ...place, outcome: 'complete', error: null });
  return { kind: 'done' };
}

/** The entity saves its state when it has taken note of a run's end: then the next occurrence finds it idle. */
function telling({ saveState }: Activities, ends: ReadonlyMap<string, (run: number) => void>): Activities['saveState'] {
  return async (saved) => {
    await saveState(saved);
    const { current, profiles }: SavedState = saved.state;
    const last = profiles[0]?.lastRun ?? null;
    if (current === null && last !== null) ends.get(saved.name)?.(last.run);
  };
}
