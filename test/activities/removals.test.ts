// The activities that decide about held removals, on a real database and the simulator: idempotent, stopped in time, and independent of what they do not need.
import { randomUUID } from 'node:crypto';
import { CancelledFailure } from '@temporalio/activity';
import { noopMetricMeter } from '@temporalio/common';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createActivities } from '../../src/activities/index.ts';
import type { Activities } from '../../src/activities/types.ts';
import { shippedTimings } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { HeldSet, RunBrief, Verdict } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import { heldSet } from '../../src/store/held.ts';
import { getRun } from '../../src/store/run.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling } from '../support/pulling.ts';
import { liveIds } from '../support/storing.ts';
import { inActivity } from './context.ts';
import { secretSources } from '../support/secretSources.ts';

const [users, gone] = [120, 20];
const by = 'ana@ops';

let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

interface Site {
  readonly name: string;
  readonly activities: Activities;
  readonly held: HeldSet;
  readonly digest: string;
  /** Opens a run that is to remove what is held, with a heartbeat of its own; `settle` may be cancelled before. */
  approve(of?: {
    readonly digest?: string;
    readonly cancelled?: AbortSignal;
  }): Promise<{ readonly run: number; readonly settled: Promise<unknown> }>;
  finish(run: number, verdict: Verdict): Promise<RunBrief>;
  settledState(): Promise<string | undefined>;
}

/** A connection with removals held: missed by a full pull, so that they were not asked for, or told by a delta. */
async function holding<T>(how: 'full' | 'delta', work: (site: Site) => Promise<T>, secret?: (simulator: Simulator) => string): Promise<T> {
  const simulator = await startSimulator({ users });
  const name = `act-${randomUUID()}`;
  const pulling = await startPulling({ database, simulator, name, streams: ['users'] });
  try {
    await pulling.pull();
    simulator.mutate(Array.from({ length: gone }, (_, index) => ({ do: 'deleteUser', id: simulator.idOf('user', index), hard: true })));
    const { held } = await pulling.pull({ forced: how === 'full' });
    expect(held).toEqual({ count: gone, digest: expect.any(String) });
    const activities = createActivities({
      database,
      client: null,
      config: {
        timings: shippedTimings,
        admission: { atOnce: 100, perTenant: 100 },
        changesDays: 30,
        ordersDays: 400,
        exportDir: '/nowhere',
        secrets: secretSources({ env: secret === undefined ? {} : { TIDEMARK_SECRET_TEST: secret(simulator) } }),
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
    const load = () => inActivity({}, () => activities.loadConnection({ name }));
    return await work({
      name,
      activities,
      held,
      digest: held.digest ?? '',
      async approve({ digest = held.digest ?? '', cancelled } = {}) {
        const approve = { digest, by };
        const highestRunSeen = (await load())?.highestRun ?? 0;
        const request = {
          requestId: randomUUID(),
          connection: name,
          profile: 'default',
          trigger: 'manual',
          scheduledAt: null,
          highestRunSeen,
          approve,
        } as const;
        const opening = await inActivity({}, () => activities.openRun(request));
        if (opening.kind !== 'opened') throw new Error('It has ended.');
        expect(opening.opened.approve).toEqual(approve);
        const { run, timings } = opening.opened;
        expect(await getRun(database, run)).toMatchObject({ mode: 'settle', reason: 'removals approved' });
        const settling = () => activities.settle({ run, connection: name, timings, approve });
        return { run, settled: inActivity(cancelled === undefined ? {} : { cancelled }, settling).catch((error: unknown) => error) };
      },
      finish: (run, verdict) => inActivity({}, () => activities.finishRun({ run, connection: name, verdict, error: null, reason: null })),
      settledState: async () => (await load())?.profiles[0]?.settled,
    });
  } finally {
    await pulling.close();
    await simulator.close();
  }
}

test('approved: what was not asked for is asked for, then removed; an entity started anew knows each step', () =>
  holding(
    'full',
    async ({ name, activities, held, approve, finish, settledState }) => {
      expect(await settledState()).toBe('held');
      expect(await inActivity({}, () => activities.loadConnection({ name }))).toMatchObject({
        held,
        history: [{ held }, { held: { count: 0 } }],
      });
      const { run, settled } = await approve();
      expect(await settled).toEqual([]);
      expect(await finish(run, 'complete')).toMatchObject({ mode: 'settle', verdict: 'complete', held: { count: 0, digest: null } });
      expect(await liveIds(database, name)).toHaveLength(users - gone);
      expect(await settledState()).toBe('processed');
    },
    ({ clientSecret }) => clientSecret,
  ));

test('cancelled before it has begun, it marks and removes nothing', () =>
  holding('delta', async ({ name, held, approve, finish, settledState }) => {
    const { run, settled } = await approve({ cancelled: AbortSignal.abort(new CancelledFailure('CANCELLED')) });
    expect(await settled).toBeInstanceOf(CancelledFailure);
    expect(await database.query('select from audit where connection = $1', [name])).toEqual([]);
    expect(await finish(run, 'cancelled')).toMatchObject({ mode: 'settle', verdict: 'cancelled', held });
    expect(await settledState()).toBe('held');
  }));

test('what the source told needs no credentials; what must be asked for does, and stays held without them', async () => {
  await holding('delta', async ({ name, approve }) => {
    const { settled } = await approve();
    expect(await settled).toEqual([]);
    expect(await liveIds(database, name)).toHaveLength(users - gone);
  });
  await holding('full', async ({ name, held, approve, finish, settledState }) => {
    const { run, settled } = await approve();
    expect(await settled).toMatchObject({
      type: 'REMOVALS_HELD',
      nonRetryable: true,
      message: expect.stringContaining('SECRET_UNAVAILABLE'),
    });
    expect(await finish(run, 'failed')).toMatchObject({ mode: 'settle', verdict: 'failed', held });
    expect(await liveIds(database, name)).toHaveLength(users);
    expect(await settledState()).toBe('held');
  });
});

test('another digest fails the run with the right one', () =>
  holding('delta', async ({ name, digest, approve }) => {
    const { settled } = await approve({ digest: 'f'.repeat(64) });
    expect(await settled).toMatchObject({ type: 'REMOVALS_HELD', nonRetryable: true, message: expect.stringContaining(digest) });
    expect(await liveIds(database, name)).toHaveLength(users);
  }));

test('rejected twice, as a lost answer makes Temporal do: once in the audit, and the same answer', () =>
  holding('delta', async ({ name, activities, held, digest, settledState }) => {
    const reject = (of: string) => inActivity({}, () => activities.rejectRemovals({ connection: name, digest: of, by }));
    expect(await reject('f'.repeat(64))).toEqual({ outcome: 'changed', held });
    for (let times = 0; times < 2; times += 1)
      expect(await reject(digest)).toEqual({ outcome: 'rejected', held: { count: 0, digest: null } });
    expect(await reject('f'.repeat(64))).toMatchObject({ outcome: 'none' });
    expect(await database.query('select action, by from audit where connection = $1', [name])).toEqual([{ action: 'reject', by }]);
    expect(await heldSet(database, name)).toEqual({ count: 0, digest: null });
    expect(await liveIds(database, name)).toHaveLength(users);
    expect(await settledState()).toBe('processed');
  }));
