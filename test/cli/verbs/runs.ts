// The verbs of connections and their runs: what each prints (by schema), what it changes, how it ends. Each test has a connection of its own.
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { defaultRoles } from '../../../simulator/permissions.ts';
import { configuredSignal, stateQuery } from '../../../src/workflows/messages.ts';
import { eventually } from '../../support/waiting.ts';
import type { FaultRule } from '../../../simulator/faults.ts';
import { stack } from './stack.ts';
import { type Ended, openCommandLine } from '../tidemark.ts';

const time = z.iso.datetime();
const brief = z.strictObject({ code: z.string(), message: z.string(), hint: z.string() });
const mode = z.enum(['full', 'delta', 'remap', 'settle']);
const verdict = z.enum(['complete', 'partial', 'failed', 'cancelled', 'superseded']);
const count = z.int().min(0);

const streamReport = z.strictObject({
  stream: z.string(),
  mode: z.enum(['full', 'delta']),
  reason: z.string(),
  outcome: z.enum(['complete', 'partial', 'failed', 'skipped']),
  error: brief.nullable(),
  pages: count,
  requests: count,
  read: count,
  added: count,
  updated: count,
  unchanged: count,
  removedBySource: count,
  swept: count,
  rejected: count,
  excluded: count,
  throttledMs: count,
  resumed: count,
});

const held = z.strictObject({ count, digest: z.string().nullable() });

const report = z.strictObject({
  run: z.string().regex(/^[a-z-]+:\d+$/),
  connection: z.string(),
  profile: z.string(),
  mode: mode.nullable(),
  reason: z.string().nullable(),
  trigger: z.enum(['schedule', 'manual', 'forced']),
  scheduledAt: time.nullable(),
  startedAt: time,
  finishedAt: time,
  verdict,
  held,
  streams: z.array(streamReport),
  assets: z.strictObject({ added: count, updated: count, removed: count, unchanged: count }),
  error: brief.nullable(),
});

const runBrief = z.strictObject({
  run: z.int(),
  profile: z.string(),
  mode: mode.nullable(),
  verdict,
  finishedAt: time,
  error: brief.nullable(),
  held,
});
const state = z.enum(['registered', 'scheduled', 'processing', 'processed', 'errored', 'held', 'paused']);

const status = z.strictObject({
  name: z.string(),
  source: z.enum(['workflow', 'database']),
  credentials: z.array(
    z.strictObject({
      reference: z.string(),
      state: z.enum(['works', 'refused', 'unreadable', 'untried']),
      since: time.nullable(),
      aadsts: z.int().nullable(),
      reason: z.string().nullable(),
      inUse: z.boolean(),
      fallback: z.boolean(),
      expiresAt: time.nullable(),
      expires: z.string(),
    }),
  ),
  state,
  since: time,
  connector: z.enum(['entra-identity', 'entra-devices', 'entra-directory-sync']),
  profiles: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['active', 'inactive']),
      state,
      lastRun: runBrief.nullable(),
      lastFull: time.nullable(),
      nextRun: time.nullable(),
      nextRunReason: z.string().nullable(),
      overdueSince: time.nullable(),
    }),
  ),
  current: z.strictObject({ run: z.int(), profile: z.string(), since: time }).nullable(),
  held: held.nullable(),
  lastError: brief.nullable(),
  history: z.array(runBrief),
  place: count.nullable(),
  streams: z.array(z.looseObject({ stream: z.string(), read: count })),
});

const runLine = z.strictObject({
  run: z.string().nullable(),
  profile: z.string(),
  mode: mode.nullable(),
  reason: z.string().nullable(),
  trigger: z.string(),
  scheduledAt: time.nullable(),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  verdict: verdict.or(z.literal('skipped')).nullable(),
  error: brief.nullable(),
  held: held.nullable(),
});

const asset = z.strictObject({
  connection: z.string(),
  stream: z.string(),
  class: z.string(),
  id: z.string(),
  state: z.enum(['live', 'tombstoned']),
  firstSeen: time,
  lastChanged: time,
  document: z.looseObject({ asset: z.looseObject({ assetHeader: z.looseObject({}), assetDetail: z.looseObject({}) }) }),
});

const logLine = z.strictObject({
  at: time,
  run: z.string().nullable(),
  level: z.string(),
  message: z.string(),
  details: z.looseObject({}),
});
const applied = z.strictObject({
  kind: z.literal('connection'),
  name: z.string(),
  change: z.enum(['created', 'changed', 'unchanged']),
  file: z.string(),
});
const done = z.strictObject({ name: z.string(), done: z.boolean(), note: z.string().nullable() });

/** stdout of a call that ended as it should. */
function read<T>(schema: z.ZodType<T>, ended: Ended, code = 0): T {
  expect({ code: ended.code, stderr: code === ended.code ? '' : ended.stderr }).toEqual({ code, stderr: '' });
  return schema.parse(JSON.parse(ended.stdout));
}

const json = async <T>(schema: z.ZodType<T>, words: readonly string[], code = 0): Promise<T> =>
  read(schema, await stack.call([...words, '--json']), code);

export function runsVerbs(): void {
  test('apply, run, runs, run-report, status, logs: from a file to a finished run', async () => {
    const file = stack.write('whole');
    expect(await json(z.array(applied), ['apply', '-f', file])).toEqual([{ kind: 'connection', name: 'whole', change: 'created', file }]);
    expect(await json(z.array(applied), ['apply', '-f', file])).toEqual([{ kind: 'connection', name: 'whole', change: 'unchanged', file }]);
    const first = await json(report, ['run', 'whole', '--wait']);
    expect(first).toMatchObject({
      connection: 'whole',
      mode: 'full',
      reason: 'first run',
      trigger: 'manual',
      verdict: 'complete',
      held: { count: 0 },
    });
    for (const stream of first.streams) {
      const { added, updated, unchanged, removedBySource, rejected, excluded } = stream;
      expect(stream.read).toBe(added + updated + unchanged + removedBySource + rejected + excluded);
    }
    const second = await json(report, ['run', 'whole', '--wait']);
    expect(second).toMatchObject({ mode: 'delta', reason: 'delta', verdict: 'complete' });
    const forced = await json(report, ['run', 'whole', '--full', '--wait']);
    expect(forced).toMatchObject({ mode: 'full', reason: 'forced', trigger: 'forced', assets: { added: 0, removed: 0 } });
    const lines = await json(z.array(runLine), ['runs', 'whole']);
    expect(lines.map((line) => line.run)).toEqual([forced.run, second.run, first.run]);
    expect(await json(report, ['run-report', first.run])).toEqual(first);
    const now = await json(status, ['status', 'whole']);
    expect(now).toMatchObject({ state: 'processed', source: 'workflow', current: null, lastError: null });
    expect(now.history).toHaveLength(3);
    const log = await json(z.array(logLine), ['logs', 'whole', '--run', second.run]);
    expect(log.length).toBeGreaterThan(1);
    expect(new Set(log.map((line) => line.run))).toEqual(new Set([second.run]));
  });

  test('a report as NDJSON is one line, alone on stdout', async () => {
    await stack.call(['apply', '-f', stack.write('alone')]);
    const ended = await stack.call(['run', 'alone', '--wait', '--output', 'ndjson']);
    expect(ended.stdout.trim().split('\n')).toHaveLength(1);
    report.parse(JSON.parse(ended.stdout));
  });

  test('assets: whole documents with relations, filtered by query, class, connection, limit and state', async () => {
    await stack.call(['apply', '-f', stack.write('search')]);
    const { assets } = await json(report, ['run', 'search', '--wait']);
    const users = await json(z.array(asset), ['assets', 'name:a*', '--connection', 'search', '--class', 'user', '--limit', '4']);
    expect(users).toHaveLength(4);
    const related = z.looseObject({ asset: z.looseObject({ assetRelations: z.array(z.looseObject({})).min(1) }) });
    const members = await json(z.array(asset), ['assets', 'class:user and connection:search', '--limit', '300']);
    expect(members.some(({ document }) => related.safeParse(document).success)).toBe(true);
    const counted = await json(z.array(asset), ['assets', '--connection', 'search', '--limit', '1000000']);
    expect(counted).toHaveLength(assets.added);
    expect(await json(z.array(asset), ['assets', 'class:user and not class:user', '--connection', 'search'])).toEqual([]);
    expect(await json(z.array(asset), ['assets', '--connection', 'search', '--state', 'tombstoned'])).toEqual([]);
    const limited = await stack.call(['assets', '--connection', 'search', '--limit', '2', '--output', 'csv']);
    expect(limited.stdout.split('\n')[0]).toBe('connection,class,id,name,state,last changed');
    expect(limited.stderr).toContain('There are more than 2; --limit shows more.');
    const slow = await stack.call(['assets', 'jobTitle:nobody', '--json']);
    expect(slow).toMatchObject({ code: 0, stdout: '[]\n', stderr: 'Field "jobTitle" is not indexed: assets are read one by one.\n' });
    expect(await stack.call(['assets', 'name:nobody', '--json'])).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' });
  });

  test('get: all and one, with the schedule in words and what must be known', async () => {
    const profiles = `profiles:
  - name: default
    schedule: { occurs: recurring, every: daily, start: 2026-05-05T18:39, timezone: Asia/Calcutta }
`;
    await stack.call(['apply', '-f', stack.write('words', { profiles })]);
    const one = await json(z.looseObject({ name: z.string(), profiles: z.array(z.looseObject({ schedule: z.string() })) }), [
      'get',
      'words',
    ]);
    expect(one.profiles[0]?.schedule).toBe('daily from May 5, 2026 at 06:39 PM till May 5, 2031 at 06:39 PM in Asia/Calcutta timezone');
    const all = await json(z.array(z.looseObject({ name: z.string(), state })), ['get']);
    expect(all.find(({ name }) => name === 'words')?.state).toBe('scheduled');
    // The entity reads what was applied a moment later.
    const shown = await eventually('words is scheduled', 30_000, async () => {
      const now = await json(status, ['status', 'words']);
      return now.state === 'scheduled' ? now.profiles : null;
    });
    // 18:39 in Calcutta.
    expect(shown[0]?.nextRun).toMatch(/T13:09:00/);
  });

  test('entra-devices: daily by default, its devices are hosts, and what its map writes can be searched', async () => {
    const profiles = `profiles:
  - name: default
    schedule: { occurs: recurring, start: 2026-05-05T18:39, timezone: Asia/Calcutta }
`;
    await stack.call(['apply', '-f', stack.write('fleet', { connector: 'entra-devices', profiles })]);
    const shown = await stack.call(['get', 'fleet']);
    expect(shown.stdout).toContain('daily from May 5, 2026 at 06:39 PM till May 5, 2031 at 06:39 PM in Asia/Calcutta timezone');
    const { assets } = await json(report, ['run', 'fleet', '--wait']);
    const find = async (query: string): Promise<z.output<typeof asset>[]> =>
      json(z.array(asset), ['assets', query, '--connection', 'fleet', '--class', 'host', '--limit', '100000']);
    const all = await find('inventory:(source:"Microsoft")');
    expect(all).toHaveLength(assets.added);
    for (const [path, value] of [
      ['hostAssetClass.operatingSystem', 'Windows'],
      ['typedAttributes.entraDeviceTrustType', 'AzureAd'],
      ['untypedAttributes.entraDeviceIsCompliant', true],
    ] as const) {
      const fits = all.filter(({ document }) => valueAt(document, path) === value);
      expect(fits.length).toBeGreaterThan(0);
      expect(await find(`${path}:${String(value)}`)).toEqual(fits);
    }
    const table = await stack.call([
      'assets',
      'hostAssetClass.operatingSystem:Windows',
      '--class',
      'host',
      '--limit',
      '1',
      '--output',
      'csv',
    ]);
    expect(table.stdout).toMatch(/^connection,class,id,name,state,last changed\nfleet,host,[0-9a-f-]{36},HOST-\d+,live,/);
    expect((await stack.call(['assets', '--class', 'hosts'])).stderr).toContain(
      'Classes: user, group, role, directory-user, user-group, host, container-image, container-instance, serverless.',
    );
    const help = (await stack.call(['assets', '--help'])).stdout.replaceAll(/\s+/g, ' ');
    expect(help).toContain('only those of this class: user, group, role, directory-user, user-group, host');
  });

  test('entra-directory-sync: tested, pulled, and its documents have the groups, the settings and the event', async () => {
    const uuid = '5d0c6a52-8f57-4f0c-9a3e-0b8d3b1c7e21';
    const groups = await json(z.array(z.looseObject({ id: z.string() })), ['assets', '--class', 'group', '--limit', '2']);
    const [one, two] = groups.map(({ id }) => id);
    const settings = `{ groups: ['${one}', '${two}'], groupMap: { '${one}': ['${uuid}'] }, notification: { email: true }, events: on }`;
    const file = stack.write('people', { connector: 'entra-directory-sync', settings });
    const plan = await stack.call(['apply', '--dry-run', '-f', file]);
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('entra-directory-sync/users') as string });
    await stack.call(['apply', '-f', file]);
    expect(await stack.call(['test', 'people'])).toMatchObject({ code: 0 });
    const { assets } = await json(report, ['run', 'people', '--wait']);
    const search = ['--connection', 'people', '--limit', '100000'];
    const users = await json(z.array(directoryUser), ['assets', '--class', 'directory-user', ...search]);
    expect(assets.added).toBe(users.length + 2);
    for (const { document } of users) expect(document).toMatchObject({ userData: { notification: { email: true } }, eventType: 'CREATED' });
    const infos = users.flatMap(({ document }) => document.groupInfo);
    expect(new Set(infos.map(({ idpGroup }) => idpGroup))).toEqual(new Set([one, two]));
    for (const { idpGroup, qualysGroupUUID } of infos) expect(qualysGroupUUID).toEqual(idpGroup === one ? [uuid] : []);
    const table = await stack.call(['assets', '--class', 'user-group', ...search]);
    expect(table.stdout).toMatch(new RegExp(`people +user-group +${String(one)} +\\S`));
    const [group] = await json(z.array(z.looseObject({ document: z.record(z.string(), z.unknown()) })), [
      'assets',
      `id:${one}`,
      '--class',
      'user-group',
      ...search,
    ]);
    expect(group?.document).toMatchObject({
      id: one,
      qualysGroupUUID: [uuid],
      members: infos.filter(({ idpGroup }) => idpGroup === one).length,
    });
    expect((await stack.call(['get', 'people'])).code).toBe(0);
  });

  const directoryUser = z.looseObject({
    document: z.looseObject({
      groupInfo: z.array(z.looseObject({ idpGroup: z.string(), qualysGroupUUID: z.array(z.string()) })),
      eventType: z.string(),
    }),
  });

  /** The value at the path below `asset.assetDetail`. */
  function valueAt(document: z.output<typeof asset>['document'], path: string): unknown {
    return path.split('.').reduce<unknown>((value, name) => z.looseObject({}).safeParse(value).data?.[name], document.asset.assetDetail);
  }

  test('apply --dry-run says what would change and changes nothing', async () => {
    const plan = z.array(
      z.looseObject({
        name: z.string(),
        change: z.string(),
        differences: z.array(z.looseObject({ path: z.string() })),
        permissions: z.array(z.string()),
      }),
    );
    const profiles = `profiles:
  - name: default
    schedule: { occurs: recurring, every: 4h, start: 2026-05-05T18:39, timezone: UTC }
`;
    const [made] = await json(plan, ['apply', '--dry-run', '-f', stack.write('dry', { profiles })]);
    expect(made).toMatchObject({
      name: 'dry',
      change: 'created',
      permissions: ['User.Read.All', 'GroupMember.Read.All', 'RoleManagement.Read.Directory'],
      profiles: [
        {
          next: [
            { mode: 'full', reason: 'first run' },
            ...Array.from({ length: 4 }, () => ({ at: expect.stringMatching(/T\d\d:39:00Z$/) })),
          ],
        },
      ],
    });
    expect((await stack.call(['get', 'dry'])).code).toBe(2);
    await stack.call(['apply', '-f', 'dry.yaml']);
    const [same] = await json(plan, ['apply', '--dry-run', '-f', 'dry.yaml']);
    expect(same).toMatchObject({ change: 'unchanged', differences: [] });
    const [changed] = await json(plan, ['apply', '--dry-run', '-f', stack.write('dry', { profiles, title: 'Another' })]);
    expect(changed).toMatchObject({ change: 'changed', differences: [{ path: 'title', from: 'dry', to: 'Another' }] });
    const { title } = await json(z.looseObject({ title: z.string() }), ['get', 'dry']);
    expect(title).toBe('dry');
  });

  test('an operator’s pause of a Schedule is shown with its note, and an end as such', async () => {
    const profiles = `profiles:
  - name: default
    schedule: { occurs: recurring, every: daily, start: 2026-05-05T18:39 }
  - name: over
    streams: [appRoleAssignments]
    schedule: { occurs: recurring, every: daily, start: 2025-05-05T18:39, end: 2025-06-05T18:39 }
`;
    await stack.call(['apply', '-f', stack.write('noted', { profiles })]);
    const connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
    const client = new Client({ connection, namespace: stack.env['TEMPORAL_NAMESPACE'] ?? '' });
    await client.schedule.getHandle('noted:default').pause('audit week');
    // As the reconciler does where a pause has come or gone.
    const entity = client.workflow.getHandle('connection:noted');
    await entity.signal(configuredSignal);
    await eventually('the entity says so too', 30_000, async () => {
      const { profiles: states } = await entity.query(stateQuery);
      const told = states.map(({ nextRun, nextRunReason }) => `${nextRun}: ${nextRunReason}`);
      return told.join() === 'null: paused: audit week,null: schedule ended' ? true : null;
    });
    await connection.close();
    const reasons = z.looseObject({ profiles: z.array(z.looseObject({ nextRunReason: z.string().nullable() })) });
    const { profiles: shown } = await json(reasons, ['status', 'noted']);
    expect(shown).toMatchObject([
      { name: 'default', nextRunReason: 'paused: audit week' },
      { name: 'over', nextRun: null, nextRunReason: 'schedule ended' },
    ]);
    const words = await stack.call(['status', 'noted']);
    expect(words.stdout).toContain('default: no next run: paused: audit week');
    expect((await stack.call(['get', 'noted'])).stdout).toContain('no next run: schedule ended');
  });

  test('pause holds runs back, resume lets them go; both say when there was nothing to do', async () => {
    await stack.call(['apply', '-f', stack.write('held-back')]);
    expect(await json(done, ['pause', 'held-back', '--reason', 'moving'])).toMatchObject({ done: true });
    expect(await json(done, ['pause', 'held-back'])).toMatchObject({ done: false });
    expect(await json(status, ['status', 'held-back'])).toMatchObject({ state: 'paused' });
    const refused = await stack.call(['run', 'held-back', '--wait']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('paused');
    expect(await json(done, ['resume', 'held-back'])).toMatchObject({ done: true });
    expect(await json(done, ['resume', 'held-back'])).toMatchObject({ done: false });
  });

  test('run --wait shows progress on stderr; cancel stops the run, which ends with 4', async () => {
    await stack.call(['apply', '-f', stack.write('stopped')]);
    const answers = z.array(
      z.strictObject({ profile: z.string(), outcome: z.string(), run: z.string().nullable(), reason: z.string().nullable() }),
    );
    await stack.simulator.addFaults([{ match: '/groups/delta', fault: { kind: 'slow', bytesPerSecond: 4_000 } }]);
    try {
      const waiting = stack.call(['run', 'stopped', '--full', '--wait', '--json']);
      const run = await until(async () => (await json(status, ['status', 'stopped'])).current?.run ?? null);
      expect(await json(done, ['cancel', `stopped:${run}`])).toMatchObject({ name: `stopped:${run}`, done: true });
      const ended = await waiting;
      expect(read(report, ended, 4)).toMatchObject({ verdict: 'cancelled' });
      expect(ended.stderr).toMatch(/^stopped:\d+: [\d,]+ read, [\d,]+\/s \(.*groups.*\)$/m);
    } finally {
      await stack.simulator.clearFaults();
    }
    expect((await stack.call(['cancel', 'stopped:999999'])).code).toBe(1);
    expect((await json(answers, ['run', 'stopped']))[0]).toMatchObject({ profile: 'default', outcome: 'run' });
  });

  test('run without a profile means every active one, one after another; an inactive one runs by name', async () => {
    const profiles = `profiles:
  - { name: people, streams: [users] }
  - { name: rights, streams: [roles] }
  - { name: spare, streams: [groups], status: inactive }
`;
    await stack.call(['apply', '-f', stack.write('several', { profiles })]);
    const both = await json(z.array(report), ['run', 'several', '--wait']);
    expect(both.map(({ profile, verdict: end }) => [profile, end])).toEqual([
      ['people', 'complete'],
      ['rights', 'complete'],
    ]);
    const spare = await json(report, ['run', 'several', '--wait', '--profile', 'spare']);
    expect(spare.streams.map(({ stream }) => stream)).toEqual(['groups']);
    const unknown = await stack.call(['run', 'several', '--profile', 'nobody']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('Its profiles: people, rights, spare.');
  });

  test('delete keeps the inventory, --purge erases it', async () => {
    await stack.call(['apply', '-f', stack.write('gone')]);
    await stack.call(['run', 'gone', '--wait']);
    const deleted = z.strictObject({ name: z.string(), deleted: z.boolean(), purged: z.boolean() });
    expect(await json(deleted, ['delete', 'gone'])).toEqual({ name: 'gone', deleted: true, purged: false });
    expect((await stack.call(['get', 'gone'])).code).toBe(2);
    const kept = await stack.call(['assets', '--connection', 'gone', '--limit', '1', '--json']);
    expect(z.array(asset).parse(JSON.parse(kept.stdout))).toHaveLength(1);
    expect(await json(deleted, ['delete', 'gone', '--purge'])).toEqual({ name: 'gone', deleted: true, purged: true });
    expect(await json(z.array(asset), ['assets', '--connection', 'gone'])).toEqual([]);
    expect((await stack.call(['delete', 'gone'])).code).toBe(2);
  });

  test.each([
    ['no-such-secret', { secret: 'env:TIDEMARK_SECRET_MISSING' }, 'SECRET_UNAVAILABLE', ['TIDEMARK_SECRET_MISSING']],
    ['wrong-secret', { secret: 'env:TIDEMARK_SECRET_WRONG' }, 'SOURCE_AUTH_FAILED', ['AADSTS7000215', 'client secret is wrong']],
    ['wrong-client', { clientId: '00000000-1111-4222-8333-444444444444' }, 'SOURCE_AUTH_FAILED', ['AADSTS700016', 'clientId']],
    ['wrong-tenant', { tenantId: '00000000-1111-4222-8333-444444444444' }, 'SOURCE_AUTH_FAILED', ['AADSTS90002', 'tenantId']],
  ])('%s ends the run failed, with the cause and the fix', async (name, changed, code, parts) => {
    await stack.call(['apply', '--skip-test', '-f', stack.write(name, changed)]);
    const failed = await json(report, ['run', name, '--wait'], 4);
    expect(failed.verdict).toBe('failed');
    const text = JSON.stringify(failed);
    expect(text).toContain(`"code":"${code}"`);
    for (const part of parts) expect(text).toContain(part);
    expect(text).not.toContain('not-the-secret');
    const table = await stack.call(['run-report', failed.run]);
    for (const part of [code, ...parts, 'fix: ']) expect(table.stdout).toContain(part);
    const now = await json(status, ['status', name]);
    expect(now).toMatchObject({ state: 'errored', lastError: { code } });
    expect(now.lastError?.hint).toBe(failed.error?.hint);
    const lines = await json(z.array(logLine), ['logs', name, '--run', failed.run]);
    expect(lines.find(({ level }) => level === 'error')).toMatchObject({ details: { code, hint: failed.error?.hint } });
    expect((await stack.call(['logs', name])).stdout).toContain(code);
  });

  test.each<[string, readonly FaultRule[], string, string]>([
    ['no consent at the login', [{ phase: 'token', fault: { kind: 'aadsts', code: 65001 } }], 'SOURCE_AUTH_FAILED', 'Grant admin consent'],
    [
      'no consent at Graph',
      [{ match: '/v1.0/', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }],
      'SOURCE_FORBIDDEN',
      'Grant admin consent',
    ],
    [
      'a login that is elsewhere',
      [{ phase: 'discovery', fault: { kind: 'redirect', location: 'https://x.example' } }],
      'LINK_REFUSED',
      'sent',
    ],
  ])('%s: errored at once, with code, hint and log line; the next success clears it', async (_, faults, code, hint) => {
    // Without a token of its own from before.
    const name = `errs-${code.toLowerCase().replaceAll('_', '-')}`;
    await stack.call(['apply', '--skip-test', '-f', stack.write(name)]);
    await stack.simulator.addFaults(faults);
    try {
      const begun = performance.now();
      await json(report, ['run', name, '--wait'], 4);
      expect(performance.now() - begun).toBeLessThan(20_000);
    } finally {
      await stack.simulator.clearFaults();
    }
    const failed = await json(status, ['status', name]);
    expect(failed).toMatchObject({ state: 'errored', lastError: { code } });
    expect(failed.lastError?.hint).toContain(hint);
    const lines = await json(z.array(logLine), ['logs', name]);
    // Each stream has its own line; the run's is the last.
    expect(lines.findLast(({ level }) => level === 'error')).toMatchObject({ details: { code, hint: failed.lastError?.hint } });
    expect((await json(report, ['run', name, '--wait'])).verdict).toBe('complete');
    expect(await json(status, ['status', name])).toMatchObject({ state: 'processed', lastError: null });
  });

  test('a missing permission is named', async () => {
    await stack.call(['apply', '-f', stack.write('no-right')]);
    await stack.simulator.configure({ roles: ['User.Read.All', 'GroupMember.Read.All'] });
    try {
      const failed = await json(report, ['run', 'no-right', '--wait'], 4);
      expect(failed.verdict).toBe('partial');
      const roles = failed.streams.find(({ stream }) => stream === 'roles');
      expect(roles?.error?.code).toBe('SOURCE_FORBIDDEN');
      expect(JSON.stringify(roles?.error)).toContain('RoleManagement.Read.Directory');
    } finally {
      await stack.simulator.configure({
        roles: [...defaultRoles],
      });
    }
  });

  test('doctor finds nothing wrong with a stack that works', async () => {
    const checks = await json(
      z.array(z.strictObject({ check: z.string(), ok: z.boolean(), found: z.string(), fix: z.string().nullable() })),
      ['doctor'],
    );
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test('Temporal not reachable: exit 3 with the address and the fix, and apply changes nothing', async () => {
    const elsewhere = openCommandLine({ cwd: stack.directory, env: { ...stack.env, TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    await stack.call(['apply', '-f', stack.write('reached')]);
    const words = stack.write('unreachable');
    for (const call of [['apply', '-f', words], ['run', 'reached'], ['pause', 'reached'], ['delete', 'reached'], ['status']]) {
      const ended = await elsewhere.call([...call, '--json']);
      expect({ call, code: ended.code }).toEqual({ call, code: 3 });
      expect(ended.stderr).toContain('ORCHESTRATOR_UNAVAILABLE');
      expect(ended.stderr).toContain('127.0.0.1:1');
      expect(ended.stderr).toContain('TEMPORAL_ADDRESS');
    }
    await elsewhere.stop();
    expect((await stack.call(['get', 'unreachable'])).code).toBe(2);
  });

  async function until<T>(look: () => Promise<T | null>): Promise<T> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
      const found = await look();
      if (found !== null) return found;
    }
    throw new Error('What was waited for did not come.');
  }
}
