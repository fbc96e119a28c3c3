// An upgrade and a roll-back without versions: this build and the one released before it (its workflows as they were, kept in released/) take over each
// other's runs, and read what the other carried and saved.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { carriedOf } from '../../src/workflows/carried.ts';
import { newEntity } from '../../src/workflows/entity.ts';
import { connectionId, taskQueues } from '../../src/workflows/ids.ts';
import { type ConnectionStatus, pauseUpdate, resumeUpdate, runNowUpdate, stateQuery } from '../../src/workflows/messages.ts';
import { groupsAt, holdGroups } from '../crash/holds.ts';
import { atSite, recoveryMs, sharedServers, type Site } from '../crash/site.ts';
import { prepareWorkerCode, type WorkerCode, type WorkerProcess } from '../crash/workerProcess.ts';
import { expectInventoryOf } from '../support/tenant.ts';
import { eventually } from '../support/waiting.ts';

const inTurn = process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined ? test.skip : test;
const released = path.join(import.meta.dirname, 'released');

let present: WorkerCode;
let before: WorkerCode;
beforeAll(async () => {
  const [newest = ''] = readdirSync(released).toSorted().toReversed();
  const bundle = gunzipSync(readFileSync(path.join(released, newest))).toString();
  [present, before] = await Promise.all([prepareWorkerCode(), prepareWorkerCode({ bundle })]);
}, 120_000);
afterAll(() => {
  present?.remove();
  before?.remove();
});

/** Ends one worker as a crash does, and starts one of the other build. */
async function replace(site: Site, worker: WorkerProcess, code: WorkerCode): Promise<WorkerProcess> {
  worker.send('SIGKILL');
  await worker.ended;
  return site.startWorker(undefined, code);
}

const entityOf = (site: Site) => site.client.workflow.getHandle(connectionId('tenant'));
const stateOf = (site: Site): Promise<ConnectionStatus> => entityOf(site).query(stateQuery);
const tell = (site: Site, update: { readonly name: string }): Promise<unknown> => entityOf(site).executeUpdate(update.name, { args: [{}] });

/** The entity is lost, and a new one reads what was saved. */
async function startAnew(site: Site): Promise<ConnectionStatus> {
  await entityOf(site).terminate('lost');
  await site.client.workflow.start('connection', {
    workflowId: connectionId('tenant'),
    taskQueue: taskQueues.control,
    args: [{ name: 'tenant' }],
  });
  return eventually('the entity has read its row', recoveryMs, async () => {
    const status = await stateOf(site);
    return status.profiles.length > 0 ? status : null;
  });
}

inTurn(
  'a run under way goes on after the upgrade, and the next one after the roll-back; what one build saved and carried the other reads',
  async () => {
    await atSite({ ...(await sharedServers()), code: present }, async (site) => {
      let worker = site.startWorker(undefined, before);
      holdGroups(site, [3], 3);
      await site.ask('full');
      await groupsAt(site, 2);
      worker = await replace(site, worker, present);
      expect((await site.runEnds(1)).verdict).toBe('complete');
      await expectInventoryOf(site.database, site.simulator, site.spec);

      site.subject.change(site.simulator);
      holdGroups(site, [2], 3);
      await site.ask('run');
      await eventually('the delta is under way', recoveryMs, async () => {
        const rows = await site.database.query(
          `select from checkpoint where run = (select max(run) from run) and stream = 'groups' and page > 0`,
        );
        return rows.length === 1;
      });
      worker = await replace(site, worker, before);
      expect(await site.runEnds(2)).toMatchObject({ mode: 'delta', verdict: 'complete' });
      await expectInventoryOf(site.database, site.simulator, site.spec);

      await tell(site, pauseUpdate);
      await eventually('the pause is saved', recoveryMs, async () => {
        const rows = await site.database.query(`select from connection where state ->> 'state' = 'paused'`);
        return rows.length === 1;
      });
      worker = await replace(site, worker, present);
      const upgraded = await startAnew(site);
      expect(upgraded).toMatchObject({ state: 'paused', profiles: [{ lastRun: { run: 2, verdict: 'complete' } }] });
      await tell(site, resumeUpdate);
      await tell(site, runNowUpdate);
      await site.runEnds(3);
      worker = await replace(site, worker, before);
      const back = await startAnew(site);
      expect(back).toMatchObject({
        state: 'processed',
        lastError: null,
        history: [
          { run: 3, mode: 'delta' },
          { run: 2, mode: 'delta' },
          { run: 1, mode: 'full' },
        ],
      });

      // What this build carries when it continues as new: a request that waits is run, under a number above those that it has seen.
      await entityOf(site).terminate('lost');
      const entity = { ...newEntity('tenant', new Date().toISOString()), connector: 'entra-identity', highestRun: 41 };
      entity.queue.push({ requestId: 'carried', profile: 'default', trigger: 'forced', scheduledAt: null });
      await site.client.workflow.start('connection', {
        workflowId: connectionId('tenant'),
        taskQueue: taskQueues.control,
        args: [carriedOf(entity)],
      });
      expect(await site.runEnds(4)).toMatchObject({ run: 'tenant:42', mode: 'full', verdict: 'complete' });
    });
  },
  recoveryMs * 3,
);
