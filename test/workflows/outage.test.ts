// Occurrences while Temporal or the workers were away: each has its row in the end, and at most one interval is made up for. In real time, on a server
// of its own that is killed and started again.
import type { Schedule } from '../../src/clients/calendar.ts';
import { catchupWindowMs } from '../../src/clients/scheduleSpec.ts';
import { createLogger } from '../../src/log.ts';
import { reconcileProfile } from '../../src/reconcile/profile.ts';
import { readWatches } from '../../src/store/watch.ts';
import { startTemporal, type TestTemporal } from '../support/temporal.ts';
import { eventually } from '../support/waiting.ts';
import { until } from './harness.ts';
import { iso, openSite, recurring, type Site } from './reconciling.ts';

const minuteMs = 60_000;
const settlingMs = 30_000;

let temporal: TestTemporal;
let served: Site;
let unserved: Site;

beforeAll(async () => {
  temporal = await startTemporal();
  served = await openSite({ address: temporal.address });
  unserved = await openSite({ address: temporal.address, workers: false });
}, 60_000);
afterAll(async () => {
  await served.close();
  await unserved.close();
  await temporal.stop();
});

/** A look at what has settled by now, without waiting until it has. */
async function look({ harness: { client }, database }: Site, name: string, schedule: Schedule): Promise<void> {
  const { watches } = await readWatches(database, [name]);
  const found = { name, profile: 'default', schedule, watch: watches[0] ?? null, lastSuccess: null, connectionPaused: false };
  await reconcileProfile({ client, database, logger: createLogger('silent') }, { ...found, nowMs: Date.now() + settlingMs });
}

const clock = (ms: number): Promise<void> => until(() => Date.now() >= ms, 3 * minuteMs);

test('a stopped server makes up for one occurrence, an absent worker answers the first late; the others are skipped with the reason', async () => {
  const every = '1m';
  expect(catchupWindowMs(recurring(every, iso(0)))).toBe(minuteMs);
  const firstMs = Math.ceil(Date.now() / 1000) * 1000 + 14_000;
  const openMs = firstMs - 10_000;
  const [schedule, other] = [recurring(every, iso(firstMs)), recurring(every, iso(openMs))];
  const name = await served.connect([{ schedule }]);
  const alone = await unserved.connect([{ schedule: other }]);

  // No worker: the first tick stays open.
  await clock(openMs);
  await until(
    async () => (await unserved.harness.client.schedule.getHandle(`${alone}:default`).describe()).info.runningActions.length === 1,
  );
  await clock(firstMs - 2000);
  temporal.kill();
  // The first occurrence comes too late for its minute, the second does not.
  await clock(firstMs + minuteMs + 4000);
  await temporal.restart();

  const rows = await eventually('the second occurrence runs late', 40_000, async () => {
    const found = await served.occurrences(name);
    return found.length > 0 && found.every(({ outcome }) => outcome === 'ran') ? found : null;
  });
  expect(rows).toMatchObject([{ scheduledAt: iso(firstMs + minuteMs), outcome: 'ran', run: expect.any(Number) }]);
  await until(async () => {
    const { info } = await unserved.harness.client.schedule.getHandle(`${alone}:default`).describe();
    return info.numActionsSkippedOverlap > 0;
  });
  // Who looks while the tick is open leaves it alone, and says why the next did not start.
  await look(unserved, alone, other);
  expect(await unserved.occurrences(alone)).toMatchObject([
    { scheduledAt: iso(openMs + minuteMs), outcome: 'skipped', reason: 'no worker answered the tick before it' },
  ]);
  await unserved.harness.work();
  await eventually('the open tick is answered', 40_000, async () =>
    (await unserved.occurrences(alone))[0]?.outcome === 'ran' ? true : null,
  );

  await look(served, name, schedule);
  await look(unserved, alone, other);
  expect(await served.occurrences(name)).toMatchObject([
    { scheduledAt: iso(firstMs), outcome: 'skipped', reason: 'Temporal was not running' },
    { scheduledAt: iso(firstMs + minuteMs), outcome: 'ran' },
  ]);
  expect(await unserved.occurrences(alone)).toMatchObject([
    { scheduledAt: iso(openMs), outcome: 'ran' },
    { scheduledAt: iso(openMs + minuteMs), outcome: 'skipped' },
  ]);
}, 180_000);
