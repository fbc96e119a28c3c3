// I13: the set of files of a run. Complete or what changed, as the tenant itself says; whoever reads sees the set before or this one, at every step.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exportPlan, type ExportPlan } from '../../src/exports/plan.ts';
import { publishSet, type Published } from '../../src/exports/publish.ts';
import { armFailpoints, failpointNames } from '../../src/failpoint.ts';
import type { Database } from '../../src/store/database.ts';
import { rejectHeld } from '../../src/store/held.ts';
import { forgetChanges } from '../../src/store/retention.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { freshDatabase } from '../support/databases.ts';
import { cookiesIn, expectComplete, expectDifference, expectedOf, type Seen, seenBy } from '../support/exporting.ts';
import { type PullingOptions, startPulling, unguarded } from '../support/pulling.ts';
import type { Pulling } from '../support/pulling.ts';

let database: Database;
let home: string;
/** Whose connection most tests share: each brings it up to date, and has a directory of its own. */
let common: Simulator;
beforeAll(async () => {
  database = await freshDatabase();
  common = await startTenant();
  home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-export-'));
});
afterAll(async () => {
  await common.close();
  await database.close();
  rmSync(home, { recursive: true, force: true });
});

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  armFailpoints();
  common.clearFaults();
  for (const each of opened.splice(0).reverse()) await each.close();
});

let places = 0;

interface Stage {
  readonly simulator: Simulator;
  readonly name: string;
  readonly directory: string;
  readonly cookies: string;
  readonly pulling: Pulling;
  readonly plan: ExportPlan;
  publish(run: number): Promise<Published>;
  /** A complete run and its set. */
  export(options?: { readonly forced?: boolean }): Promise<Seen>;
  seen(): Seen;
  /** The same tenant and directory, applied with other settings. */
  apply(settings: PullingOptions['settings']): Promise<Stage>;
}

const attributes = [
  'accountEnabled',
  'businessPhones',
  'displayName',
  'id',
  'mail',
  'appId',
  'roleTemplateId',
  'department',
  'groupTypes',
  'mobilePhone',
];

const startTenant = (): Promise<Simulator> => startSimulator({ users: 300, groups: 40, servicePrincipals: 30 });

/** `at`: the directory. @default a new one */
async function start(options: Partial<PullingOptions> = {}, at?: string): Promise<Stage> {
  const { simulator: tenant = common, name = 'im' } = options;
  places += 1;
  const directory = at ?? path.join(home, String(places), 'Export Output');
  const cookies = path.join(path.dirname(directory), 'ExportCookies');
  const pulling = await startPulling({
    database,
    connector: 'identity-manager',
    guard: unguarded,
    ...options,
    simulator: tenant,
    name,
    settings: { attributes, ...options.settings },
  });
  opened.push(pulling);
  const plan = exportPlan(pulling.spec);
  if (plan === null) throw new Error('The connector has no files.');
  const publish = (run: number): Promise<Published> => publishSet(database, { run, plan, directory, cookies, alive: () => undefined });
  const seen = (): Seen => {
    const found = seenBy(directory, name, plan.delimiter);
    if (found === null) throw new Error('There is no set.');
    return found;
  };
  return {
    simulator: tenant,
    name,
    directory,
    cookies,
    pulling,
    plan,
    publish,
    seen,
    async export(of) {
      const report = await pulling.pull(of);
      expect(report.verdict).toBe('complete');
      expect(await publish(runOf(report.run))).toMatchObject({ kind: 'published' });
      return seen();
    },
    apply: (settings) => start({ ...options, settings: { ...settings } }, directory),
  };
}

const runOf = (run: string): number => Number(run.split(':')[1]);
const idAt = 1 + attributes.indexOf('id');

/** Changes of every kind, in every entity. */
function change(simulator: Simulator, count: number): void {
  simulator.mutate(count);
  const [renamed = '', gone = ''] = [...simulator.truth('servicePrincipals', ['id'])].slice(3, 5).map(({ id }) => String(id));
  simulator.mutate([
    { do: 'updateServicePrincipal', id: renamed, set: { displayName: `Renamed "${count}"` } },
    { do: 'createServicePrincipal', set: { displayName: 'New, of all' } },
    { do: 'deleteServicePrincipal', id: gone },
  ]);
}

test('the first set is complete: what the tenant holds, in key order, with manifest and cookies', async () => {
  const stage = await start();
  const seen = await stage.export();
  expectComplete(seen, expectedOf(stage.simulator, stage.plan));
  expect(seen.manifest).toMatchObject({ reason: 'first set', connection: stage.name, attributes });
  expect(Object.fromEntries(Object.entries(seen.files).map(([file, rows]) => [file, rows[0]]))).toEqual({
    'directoryobjects.csv': ['Command', '@odata.type', ...attributes],
    'members_group.csv': ['Command', 'groupId', 'id'],
    'owners_group.csv': ['Command', 'groupId', 'id'],
    'members_directoryRole.csv': ['Command', 'directoryRoleId', 'id'],
    'owners_servicePrincipal.csv': ['Command', 'servicePrincipalId', 'id'],
  });
  for (const type of ['user', 'group', 'directoryRole', 'servicePrincipal']) {
    const ids = (seen.files['directoryobjects.csv'] ?? [])
      .filter((row) => row[1] === `#microsoft.graph.${type}`)
      .map((row) => row[1 + idAt] ?? '');
    expect(ids.length).toBeGreaterThan(20);
    expect(ids).toEqual([...ids].sort());
  }
  const members = (seen.files['members_group.csv'] ?? []).slice(1).map((row) => row.join(' '));
  expect(members).toEqual([...members].sort());
  const cursors = await database.query<{ stream: string; link: string }>('select stream, link from cursor where connection = $1', [
    stage.name,
  ]);
  const links = Object.fromEntries(
    stage.plan.entities.map(({ stream, entity }) => [entity, cursors.find((one) => one.stream === stream)?.link]),
  );
  expect(cookiesIn(stage.cookies, stage.name)).toEqual(links);
  expect(seen.manifest.files.map(({ rows }) => rows)).toEqual(seen.manifest.files.map(({ commands }) => commands.insert));
});

test('I13 an incremental set is the difference of two complete ones, also over runs whose files nobody wrote', async () => {
  const stage = await start();
  await stage.export();
  let before = expectedOf(stage.simulator, stage.plan);
  for (const [round, unwritten] of [0, 0, 2, 1].entries()) {
    change(stage.simulator, 90 + 7 * round);
    for (let runs = 0; runs < unwritten; runs += 1) {
      await stage.pulling.pull();
      change(stage.simulator, 60 + runs);
    }
    const seen = await stage.export();
    const after = expectedOf(stage.simulator, stage.plan);
    expectDifference(seen, before, after, { idAt, runs: 1 + unwritten });
    const commands = seen.manifest.files.find(({ file }) => file.endsWith('_directoryobjects.csv'))?.commands;
    for (const count of Object.values(commands ?? {})) expect(count).toBeGreaterThan(0);
    before = after;
  }
  const quiet = await stage.export();
  expect(quiet.manifest.set).toBe('incremental');
  expect(Object.values(quiet.files).flatMap((rows) => rows.slice(1))).toEqual([]);
});

test('pages lose and repeat nothing, also within a group of more members than a page has', async () => {
  const simulator = await startSimulator({ users: 2_200, groups: 110, bigGroup: 2_100, servicePrincipals: 10 });
  opened.push(simulator);
  const stage = await start({ simulator, name: 'large' });
  expectComplete(await stage.export(), expectedOf(simulator, stage.plan));
  const before = expectedOf(simulator, stage.plan);
  simulator.mutate(Array.from({ length: 1_200 }, (_, index) => ({ do: 'deleteUser', id: simulator.idOf('user', index) })));
  expectDifference(await stage.export(), before, expectedOf(simulator, stage.plan), { idAt });
});

test('an edge follows the ends that it has: a user that goes takes its memberships along, and brings them back', async () => {
  const stage = await start();
  const first = await stage.export();
  const users = new Set([...stage.simulator.truth('users', ['id'])].map(({ id }) => id));
  const user = first.files['members_group.csv']?.find((row) => users.has(row[2]))?.[2] ?? '';
  const before = expectedOf(stage.simulator, stage.plan);
  stage.simulator.mutate([{ do: 'deleteUser', id: user }]);
  const gone = await stage.export();
  expectDifference(gone, before, expectedOf(stage.simulator, stage.plan), { idAt });
  expect(gone.files['members_group.csv']?.length).toBeGreaterThan(1);
  const without = expectedOf(stage.simulator, stage.plan);
  stage.simulator.mutate([{ do: 'restoreUser', id: user }]);
  expectDifference(await stage.export(), without, before, { idAt });
});

describe('a set is complete again', () => {
  test.each<[string, string, (stage: Stage) => Promise<Stage> | void]>([
    ['when a cookie is missing', 'cookie missing', (stage) => rmSync(path.join(stage.cookies, `${stage.name}_cookie_user.bin`))],
    [
      'when a cookie is not the one last written',
      'cookie of another set',
      (stage) =>
        writeFileSync(path.join(stage.cookies, `${stage.name}_cookie_group.bin`), 'https://graph.example/v1.0/groups/delta?$deltatoken=x'),
    ],
    ['when cookies are to be ignored', 'cookies ignored', (stage) => stage.apply({ attributes, export: { ignoreCookieFile: true } })],
    [
      'when the attributes are others',
      'attributes, entity types or source changed',
      (stage) => stage.apply({ attributes: attributes.filter((name) => name !== 'mail') }),
    ],
    [
      'when the entity types are others',
      'attributes, entity types or source changed',
      (stage) => stage.apply({ attributes: ['id', 'displayName'], entityTypes: ['user', 'group'] }),
    ],
    ['when the files are gone', 'first set', (stage) => rmSync(stage.directory, { recursive: true })],
  ])('%s', async (_when, reason, prepare) => {
    const stage = await start();
    await stage.export();
    change(stage.simulator, 50);
    const after = (await prepare(stage)) ?? stage;
    const seen = await after.export();
    expect(seen.manifest).toMatchObject({ set: 'complete', reason });
    expectComplete(seen, expectedOf(after.simulator, after.plan));
    expect((await after.export()).manifest.set).toBe(reason === 'cookies ignored' ? 'complete' : 'incremental');
  });

  test('by a full pull, asked for or not', async () => {
    const stage = await start();
    await stage.export();
    expect((await stage.export({ forced: true })).manifest).toMatchObject({ set: 'complete', reason: 'full pull' });
    stage.simulator.addFaults([{ match: 'users/delta', fault: { kind: 'gone' }, times: 1 }]);
    expect((await stage.export()).manifest).toMatchObject({ set: 'complete', reason: 'full pull' });
  });

  test('when what changed since is forgotten', async () => {
    const stage = await start();
    await stage.export();
    change(stage.simulator, 20);
    await stage.pulling.pull();
    await database.query(`update run set finished_at = now() - interval '40 days' where finished_at is not null`);
    await forgetChanges(database, { days: 30, alive: () => undefined });
    const seen = await stage.export();
    expect(seen.manifest).toMatchObject({ set: 'complete', reason: 'changes forgotten' });
    expectComplete(seen, expectedOf(stage.simulator, stage.plan));
  });
});

describe('removals that the guard holds', () => {
  async function held(): Promise<{ readonly stage: Stage; readonly first: Seen; readonly digest: string; readonly cookies: object }> {
    const simulator = await startTenant();
    opened.push(simulator);
    const stage = await start({ simulator, name: `held-${places}`, guard: { absolute: 20, percent: 5, minimum: 5, dailyPercent: 10 } });
    const first = await stage.export();
    const cookies = cookiesIn(stage.cookies, stage.name);
    stage.simulator.mutate(Array.from({ length: 60 }, (_, index) => ({ do: 'deleteUser', id: stage.simulator.idOf('user', 100 + index) })));
    const report = await stage.pulling.pull();
    expect(await stage.publish(runOf(report.run))).toEqual({ kind: 'held' });
    expect(stage.seen()).toEqual(first);
    expect(cookiesIn(stage.cookies, stage.name)).toEqual(cookies);
    return { stage, first, digest: report.held.digest ?? '', cookies };
  }

  test('publish no set and move no cookie, also by later runs, until they are approved', async () => {
    const { stage, first, cookies } = await held();
    stage.simulator.mutate([{ do: 'updateUser', id: stage.simulator.idOf('user', 1), set: { department: 'Moved' } }]);
    const later = await stage.pulling.pull();
    expect(await stage.publish(runOf(later.run))).toEqual({ kind: 'held' });
    expect(stage.seen()).toEqual(first);
    expect(cookiesIn(stage.cookies, stage.name)).toEqual(cookies);
    const approved = await stage.pulling.approve(later.held.digest);
    expect(await stage.publish(runOf(approved.run))).toMatchObject({ kind: 'published' });
    const commands = stage.seen().manifest.files.find(({ file }) => file.endsWith('_directoryobjects.csv'))?.commands;
    expect(commands).toEqual({ insert: 0, update: 1, delete: 60 });
    expect(cookiesIn(stage.cookies, stage.name)).not.toEqual(cookies);
  });

  test('once rejected, stay in the inventory and hold nothing up', async () => {
    const { stage, digest } = await held();
    await rejectHeld(database, { connection: stage.name, digest, by: 'ana@host' });
    const seen = await stage.export();
    expect(seen.manifest.files.find(({ file }) => file.endsWith('_directoryobjects.csv'))?.rows).toBe(0);
  });
});

const points = failpointNames.filter((name) => name.startsWith('export.'));
const passes: Readonly<Record<string, number>> = { 'export.afterFile': 5, 'export.afterCookie': 4 };

describe.each(points.flatMap((point) => Array.from({ length: passes[point] ?? 1 }, (_, pass) => ({ point, nth: pass + 1 }))))(
  'I13 interrupted at $point, pass $nth',
  ({ point, nth }) => {
    test('who reads sees the set before or this one, whole; the next attempt publishes this one, and nothing is left over', async () => {
      const stage = await start();
      const interrupted = async (run: number, before: Seen | null, expectNow: (seen: Seen) => void): Promise<Seen> => {
        armFailpoints({ name: point, nth, effect: 'lost' });
        await expect(stage.publish(run)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        armFailpoints();
        const between = seenBy(stage.directory, stage.name);
        if (between?.manifest.run === run) expectNow(between);
        else expect(between).toEqual(before);
        expect(await stage.publish(run)).toMatchObject({ kind: 'published' });
        expectNow(stage.seen());
        return stage.seen();
      };
      const first = await stage.pulling.pull();
      const before = expectedOf(stage.simulator, stage.plan);
      const old = await interrupted(runOf(first.run), null, (seen) => expectComplete(seen, before));
      change(stage.simulator, 60);
      const second = await stage.pulling.pull();
      const after = expectedOf(stage.simulator, stage.plan);
      await interrupted(runOf(second.run), old, (seen) => expectDifference(seen, before, after, { idAt }));
      expect(Object.keys(cookiesIn(stage.cookies, stage.name)).sort()).toEqual(['directoryRole', 'group', 'servicePrincipal', 'user']);
      await stage.export();
      const entries = [...readdirSync(stage.directory), ...readdirSync(stage.cookies)];
      expect(entries.filter((entry) => entry.endsWith('.partial'))).toEqual([]);
      expect(entries.filter((entry) => entry.includes('_set_')).length).toBeLessThanOrEqual(2);
    });
  },
);

test('what an abandoned run was publishing is published before the next set', async () => {
  const stage = await start();
  await stage.export();
  change(stage.simulator, 40);
  const second = await stage.pulling.pull();
  armFailpoints({ name: 'export.afterPending', nth: 1, effect: 'lost' });
  await expect(stage.publish(runOf(second.run))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  armFailpoints();
  const before = expectedOf(stage.simulator, stage.plan);
  change(stage.simulator, 30);
  const seen = await stage.export();
  expect(seen.manifest.since).toBe(runOf(second.run));
  expectDifference(seen, before, expectedOf(stage.simulator, stage.plan), { idAt });
});

test('what another run may have touched meanwhile is not published', async () => {
  const stage = await start();
  const first = await stage.pulling.pull();
  await stage.pulling.pull();
  await expect(stage.publish(runOf(first.run))).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
  expect(seenBy(stage.directory, stage.name)).toBeNull();
});

test('nothing is published before every stream was read to its end', async () => {
  const stage = await start({ name: 'unread' });
  stage.simulator.addFaults([
    { match: 'directoryRoles/delta', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } },
  ]);
  const report = await stage.pulling.pull();
  expect(report.verdict).toBe('partial');
  expect(await stage.publish(runOf(report.run))).toEqual({ kind: 'unread', streams: ['directoryRoles'] });
  expect(seenBy(stage.directory, stage.name)).toBeNull();
});

test('two connections do not share the names of one directory', async () => {
  const stage = await start();
  const first = await stage.export();
  const other = await start({ name: 'other', settings: { export: { name: stage.name } } });
  const { run } = await other.pulling.pull();
  const published = publishSet(database, { ...stage, plan: other.plan, run: runOf(run), alive: () => undefined });
  await expect(published).rejects.toMatchObject({
    code: 'EXPORT_FAILED',
    message: expect.stringContaining(`"${stage.name}" wrote`) as string,
  });
  expect(stage.seen()).toEqual(first);
});

test('a file that another hand made is never replaced', async () => {
  const stage = await start();
  const report = await stage.pulling.pull();
  await stage.publish(runOf(report.run));
  rmSync(path.join(stage.directory, `${stage.name}_members_group.csv`));
  writeFileSync(path.join(stage.directory, `${stage.name}_members_group.csv`), 'mine');
  const next = await stage.pulling.pull();
  await expect(stage.publish(runOf(next.run))).rejects.toMatchObject({
    code: 'EXPORT_FAILED',
    message: expect.stringContaining('_members_group.csv') as string,
  });
});

test('a directory that cannot be written is told with its path, and the next run writes what is missing', async () => {
  const stage = await start();
  await stage.export();
  const before = expectedOf(stage.simulator, stage.plan);
  change(stage.simulator, 30);
  const report = await stage.pulling.pull();
  const file = path.join(home, 'a file');
  writeFileSync(file, '');
  const nowhere = publishSet(database, { ...stage, run: runOf(report.run), directory: path.join(file, 'x'), alive: () => undefined });
  await expect(nowhere).rejects.toMatchObject({ code: 'EXPORT_FAILED', message: expect.stringContaining('ENOTDIR') as string });
  change(stage.simulator, 20);
  expectDifference(await stage.export(), before, expectedOf(stage.simulator, stage.plan), { idAt, runs: 2 });
});

test('delimiter, BOM and the copy for spreadsheets are as the settings have them', async () => {
  const stage = await start({ settings: { export: { delimiter: ';', bom: true, spreadsheetSafeCopy: true } } });
  const id = String([...stage.simulator.truth('users', ['id'])][3]?.['id']);
  stage.simulator.mutate([{ do: 'updateUser', id, set: { mobilePhone: '+33 1', department: '=1+1;"x"' } }]);
  const seen = await stage.export();
  expectComplete(seen, expectedOf(stage.simulator, stage.plan));
  const rowOf = (file: string): readonly string[] | undefined => seen.files[file]?.find((row) => row.includes(id));
  expect(rowOf('directoryobjects.csv')).toEqual(expect.arrayContaining(['+33 1', '=1+1;"x"']));
  expect(rowOf('spreadsheet_directoryobjects.csv')).toEqual(expect.arrayContaining(["'+33 1", `'=1+1;"x"`]));
});
