// A list that cannot be read fails the streams of findings with its name, and no other stream.
import { noopMetricMeter } from '@temporalio/common';
import { createActivities } from '../../src/activities/index.ts';
import { shippedTimings } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { planOf } from '../../src/workflows/pull.ts';
import { freshDatabase } from '../support/databases.ts';
import { putGiven } from '../support/defender.ts';
import { secretSources } from '../support/secretSources.ts';
import { inActivity } from './context.ts';

test('only what is scored asks for the lists', async () => {
  const database = await freshDatabase();
  await putGiven(database, { name: 'azure' });
  const activities = createActivities({
    database,
    client: null,
    config: {
      timings: shippedTimings,
      admission: { atOnce: 100, perTenant: 100 },
      changesDays: 30,
      ordersDays: 400,
      exportDir: '/nowhere',
      // Without its secret a stream ends before it asks the source for anything.
      secrets: secretSources({ env: {} }),
      allowedOrigins: [],
      proxy: { url: null, except: null },
      ordersDir: null,
      lists: { kevFile: '/nowhere/kev.json', epssFile: null },
    },
    logger: createLogger('silent'),
    metrics: createMetrics(noopMetricMeter),
    build: null,
    draining: new AbortController().signal,
  });
  const asked = {
    requestId: 'first',
    connection: 'azure',
    profile: 'default',
    trigger: 'manual',
    scheduledAt: null,
    highestRunSeen: 0,
  } as const;
  const result = await inActivity({}, () => activities.openRun(asked));
  if (result.kind !== 'opened') throw new Error('It has ended.');
  const { opened } = result;
  const { run } = opened;
  await inActivity({}, () => activities.planRun({ run, connection: 'azure', plan: planOf(opened) }));
  const read = (stream: string) =>
    inActivity({}, () => activities.pullStream({ run, connection: 'azure', stream, timings: shippedTimings }));
  expect(await read('vulnerabilities')).toMatchObject({
    kind: 'failed',
    error: {
      code: 'CONFIG_INVALID',
      message: 'The list /nowhere/kev.json cannot be read (ENOENT).',
      hint: expect.stringContaining('TIDEMARK_KEV_FILE') as string,
    },
  });
  const other = await read('virtual-machines').catch((error: unknown) => error);
  expect(JSON.stringify(other)).toContain('TIDEMARK_SECRET_TEST');
  expect(JSON.stringify(other)).not.toContain('kev.json');
  await database.close();
});
