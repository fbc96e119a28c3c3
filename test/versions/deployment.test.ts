// Two builds on one queue, with Worker Deployment versioning, led by the commands of docs/upgrading.md: runs end on the build that they began on, the idle
// entity moves, and it moves back.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findTemporalBinary, temporalOrigins } from '../../src/stack/temporalBinary.ts';
import { connectionId, pullId } from '../../src/workflows/ids.ts';
import { atSite, recoveryMs, sharedServers, type Site } from '../crash/site.ts';
import { prepareWorkerCode, type WorkerCode, type WorkerProcess } from '../crash/workerProcess.ts';
import { preparedBundle } from '../support/code.ts';
import { eventually } from '../support/waiting.ts';
import { groupsAt, holdGroups } from '../crash/holds.ts';

const inTurn = process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined ? test.skip : test;
const entity = connectionId('tenant');
const wakeEveryMs = 1000;

let older: WorkerCode;
let newer: WorkerCode;
beforeAll(async () => {
  older = await prepareWorkerCode();
  const bundle = readFileSync(await preparedBundle(), 'utf8');
  newer = await prepareWorkerCode({
    bundle: bundle.replaceAll('The connection was deleted.', 'The connection was deleted, says the newer build.'),
  });
}, 120_000);
afterAll(() => {
  older?.remove();
  newer?.remove();
});

const page = readFileSync(path.join(import.meta.dirname, '../../docs/upgrading.md'), 'utf8');

/** Runs the line of docs/upgrading.md that begins so, with what its reader puts in the place of the words in capitals. */
async function temporal(site: Site, begins: string, given: Readonly<Record<string, string>> = {}): Promise<string> {
  const found = page
    .split(/[\n`]/)
    .find((part) => part.trim().startsWith(`temporal ${begins}`))
    ?.trim();
  if (found === undefined) throw new Error(`docs/upgrading.md has no line "temporal ${begins}".`);
  const line = Object.entries(given).reduce((text, [word, value]) => text.replace(word, value), found);
  const binary = await findTemporalBinary(temporalOrigins(path.join(import.meta.dirname, '../../node_modules/.cache/tidemark')));
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', line.replace('temporal', `"${binary}"`)], {
    env: { ...process.env, ...site.env },
  });
  return stdout;
}

/** The build that the worker says it is. */
const buildOf = (worker: WorkerProcess): Promise<string> =>
  eventually('the worker serves', recoveryMs, () =>
    /"The worker serves\."/.test(worker.log()) ? (/"build":"([^"]+)"/.exec(worker.log())?.[1] ?? null) : null,
  );

async function setCurrent(site: Site, build: string): Promise<void> {
  // Temporal knows a build a moment after its worker has begun to ask for work.
  await eventually(
    `${build} is current`,
    30_000,
    async () => {
      await temporal(site, 'worker deployment set-current-version --deployment-name tidemark --build-id', { BUILD: build });
      return true;
    },
    wakeEveryMs,
  );
}

/** The build that a workflow is pinned to; null when none. */
async function pinnedTo(site: Site, workflowId: string): Promise<string | null> {
  const { raw } = await site.client.workflow.getHandle(workflowId).describe();
  const { behavior, deploymentVersion } = raw.workflowExecutionInfo?.versioningInfo ?? {};
  // 1 is VERSIONING_BEHAVIOR_PINNED.
  return behavior === 1 ? (deploymentVersion?.buildId ?? null) : null;
}

const wake = (site: Site): Promise<string> => temporal(site, 'workflow signal', { NAME: 'tenant' });

/** Wakes the entity until it has moved: the task queues learn of a new current version a moment after it was set. */
const moves = (site: Site, build: string | null): Promise<true> =>
  eventually(`the entity is pinned to ${build}`, 60_000, async () => {
    if ((await pinnedTo(site, entity)) === build) return true;
    await wake(site);
    await sleep(wakeEveryMs);
    return null;
  });

/** The same without a word from anybody: the reconciler wakes what sleeps on another build. Its Schedule is not waited for. */
const movesByItself = (site: Site, build: string): Promise<true> =>
  eventually(`the entity is pinned to ${build}`, 60_000, async () => {
    if ((await pinnedTo(site, entity)) === build) return true;
    await site.client.schedule.getHandle('tidemark-reconcile').trigger();
    await sleep(wakeEveryMs);
    return null;
  });

const running = async (site: Site, build: string): Promise<number> =>
  Number(/Total: (\d+)/.exec(await temporal(site, 'workflow count', { OLD: build }))?.[1]);

inTurn(
  'with versions: a run ends on the build that it began on, the entity moves to the one that is current, and back',
  async () => {
    const servers = await sharedServers();
    await atSite({ ...servers, code: older, env: { TIDEMARK_VERSIONING: 'on' } }, async (site) => {
      const first = site.startWorker();
      const before = await buildOf(first);
      await setCurrent(site, before);
      holdGroups(site, [3], 3);
      await site.ask('full');
      await groupsAt(site, 2);
      const second = site.startWorker(undefined, newer);
      const after = await buildOf(second);
      expect(after).not.toBe(before);
      await setCurrent(site, after);
      expect((await site.runEnds(1)).verdict).toBe('complete');
      expect(await pinnedTo(site, pullId('tenant', 1))).toBe(before);
      await moves(site, after);
      await eventually('nothing runs on the older build', recoveryMs, async () => (await running(site, before)) === 0, wakeEveryMs);
      await site.ask('run');
      expect((await site.runEnds(2)).mode).toBe('delta');
      expect(await pinnedTo(site, pullId('tenant', 2))).toBe(after);

      await setCurrent(site, before);
      await movesByItself(site, before);
      second.send('SIGTERM');
      expect(await second.ended).toMatchObject({ code: 0 });
      await site.ask('run');
      expect((await site.runEnds(3)).mode).toBe('delta');

      // Without versions again.
      const plain = site.startWorker(undefined, undefined, { TIDEMARK_VERSIONING: 'off' });
      await buildOf(plain);
      await temporal(site, 'worker deployment set-current-version --deployment-name tidemark --unversioned');
      await moves(site, null);
      first.send('SIGTERM');
      expect(await first.ended).toMatchObject({ code: 0 });
      await site.ask('run');
      expect((await site.runEnds(4)).mode).toBe('delta');
    });
  },
  recoveryMs * 2,
);
