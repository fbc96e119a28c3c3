// Runs: numbers, fences, verdicts, and what a run leaves for the next one (I3).
import type { StreamOutcome, Verdict } from '../../../src/model.ts';
import { listOccurrences, noteOccurrence } from '../../../src/store/occurrence.ts';
import { finishRun, getRun, listRuns, openRun, openRuns, planRun, readReport } from '../../../src/store/run.ts';
import { binding, drive, fullRun, newConnection, pin } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const request = { profile: 'default', trigger: 'schedule', highestRunSeen: 0, revision: 1, spec: {}, streams: [pin('users')] } as const;
const nominal = '2026-11-02T18:39:00.000Z';

export function runsContract(store: () => StartedStore): void {
  test('a request asked twice gets the run it got, as it was pinned', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const ask = { ...request, connection, requestId: 'tick 1', scheduledAt: nominal };
    const first = await openRun(database, { ...ask, spec: { name: 'pinned' } });
    const again = await openRun(database, { ...ask, revision: 2, spec: { name: 'later' }, streams: [] });
    expect(again).toEqual(first);
    expect(first).toMatchObject({ scheduledAt: nominal, nominalAt: nominal, revision: 1, spec: { name: 'pinned' }, verdict: null });
    expect(first.facts).toEqual([{ ...pin('users'), assets: undefined, cursor: null, lastFull: null, failedFulls: null }]);
    const other = await openRun(database, { ...ask, requestId: 'tick 2' });
    expect(other.run).toBe(first.run + 1);
    expect(await openRuns(database, connection)).toMatchObject([{ run: first.run }, { run: other.run }]);
  });

  test('a run that is asked for now has its opening as nominal time', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await openRun(database, { ...request, connection, requestId: 'now', scheduledAt: null });
    expect(run.nominalAt).toBe(run.startedAt);
    expect(await getRun(database, run.run)).toMatchObject({ run: run.run, nominalAt: run.startedAt });
    expect(await getRun(database, 0)).toBeNull();
  });

  test('an unknown connection is refused by name', async () => {
    const ask = openRun(store().database, { ...request, connection: 'nobody', requestId: '1', scheduledAt: null });
    await expect(ask).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('nobody') });
  });

  test('one sequence for all connections; it jumps past what an entity has seen, and then that connection is read in full', async () => {
    const { database } = store();
    const [one, other] = [await newConnection(database), await newConnection(database)];
    await fullRun(database, one, {});
    await fullRun(database, other, {});
    const latest = (await drive(database, { connection: other })).run;
    expect((await drive(database, { connection: other, highestRunSeen: latest })).facts[0]!.cursor).not.toBeNull();
    const highest = latest + 100;
    const behind = await drive(database, { connection: one, highestRunSeen: highest });
    expect(behind.run).toBe(highest + 1);
    expect(behind.facts[0]).toMatchObject({ cursor: null, lastFull: { nominalAt: expect.any(String) } });
    const next = await drive(database, { connection: other, highestRunSeen: latest + 1 });
    expect(next.run).toBe(highest + 2);
    expect(next.facts[0]!.cursor).not.toBeNull();
  });

  test('the first plan of a run stands', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection, mode: 'full', reason: 'forced' });
    const streams = [{ stream: 'users', mode: 'delta', reason: 'delta' } as const];
    await planRun(database, { run: run.run, connection, plan: { mode: 'delta', reason: 'delta', baselineOverdue: true, streams } });
    expect(await readReport(database, run.run)).toMatchObject({
      mode: 'full',
      reason: 'forced',
      verdict: null,
      streams: [{ stream: 'users', mode: 'full', outcome: 'skipped' }, { stream: 'groups' }],
    });
  });

  test.each<[verdict: Verdict, users: StreamOutcome | null, groups: StreamOutcome | null, adopted: string[], stands: Verdict]>([
    ['complete', 'complete', 'complete', ['users', 'groups'], 'complete'],
    ['complete', 'complete', 'skipped', ['users'], 'complete'],
    ['complete', 'complete', 'partial', ['users'], 'partial'],
    ['complete', 'complete', null, ['users'], 'partial'],
    ['partial', 'complete', 'failed', ['users'], 'partial'],
    ['failed', 'complete', 'failed', [], 'failed'],
    ['cancelled', 'complete', null, [], 'cancelled'],
    ['superseded', 'complete', 'complete', [], 'superseded'],
  ])('I3: verdict %s with users %s and groups %s adopts %j and is %s', async (verdict, users, groups, adopted, stands) => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection, scheduledAt: nominal });
    for (const [stream, outcome] of [
      ['users', users],
      ['groups', groups],
    ] as const) {
      await run.walk(stream);
      await run.page(stream, { cursor: `link of ${stream}` });
      if (outcome !== null) await run.end(stream, outcome);
    }
    expect((await run.finish(verdict)).verdict).toBe(stands);
    const next = await drive(database, { connection });
    const facts = new Map(next.facts.map((fact) => [fact.stream, fact]));
    for (const stream of ['users', 'groups']) {
      expect(facts.get(stream)!.cursor).toEqual(adopted.includes(stream) ? { binding, mapHash: 'map', ageMs: expect.any(Number) } : null);
      expect(facts.get(stream)!.lastFull).toEqual(adopted.includes(stream) ? { nominalAt: nominal } : null);
    }
  });

  test('a full pull that fails is counted until one completes; a delta leaves both as they were', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const pull = async (mode: 'full' | 'delta', outcome: StreamOutcome, verdict: Verdict): Promise<unknown> => {
      const run = await drive(database, { connection, mode, streams: [pin('users')] });
      await run.walk('users');
      await run.page('users', { cursor: 'link' });
      await run.end('users', outcome);
      await run.finish(verdict);
      return (await drive(database, { connection, streams: [pin('users')] })).facts[0]!.failedFulls;
    };
    expect(await pull('full', 'failed', 'failed')).toEqual({ count: 1, sinceMs: expect.any(Number) });
    expect(await pull('full', 'partial', 'partial')).toMatchObject({ count: 2 });
    expect(await pull('delta', 'complete', 'complete')).toMatchObject({ count: 2 });
    expect(await pull('delta', 'failed', 'failed')).toMatchObject({ count: 2 });
    expect(await pull('full', 'partial', 'cancelled')).toMatchObject({ count: 2 });
    expect(await pull('full', 'complete', 'complete')).toBeNull();
  });

  test('an idle delta adopts the newer link and its age', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { cursor: 'old' });
    await database.query(`update cursor set received_at = now() - interval '3 days' where connection = $1`, [connection]);
    const idle = await drive(database, { connection, mode: 'delta', streams: [pin('users')] });
    expect(idle.facts[0]!.cursor!.ageMs).toBeGreaterThan(3 * 86_400_000 - 1);
    await idle.walk('users');
    await idle.page('users', { cursor: 'new' });
    await idle.end('users');
    await idle.finish();
    const next = await drive(database, { connection, streams: [pin('users')] });
    expect(next.facts[0]!.cursor!.ageMs).toBeLessThan(60_000);
    expect(await database.query('select link from cursor where connection = $1', [connection])).toEqual([{ link: 'new' }]);
  });

  test('a run that was overtaken gets its verdict and adopts nothing', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const old = await drive(database, { connection, streams: [pin('users')] });
    await old.walk('users');
    await old.page('users', { objects: { a: {} }, cursor: 'link' });
    await old.end('users');
    const next = await drive(database, { connection });
    expect(await old.finish('complete')).toMatchObject({ verdict: 'complete', streams: [{ added: 1 }] });
    expect((await openRuns(database, connection)).map(({ run }) => run)).toEqual([next.run]);
    expect((await drive(database, { connection })).facts[0]).toMatchObject({ cursor: null, lastFull: null });
  });

  test('a run ends once: asked again it answers the first report, and nothing of its work is left', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection, streams: [pin('users')] });
    await run.walk('users');
    await run.page('users', { objects: { a: {} }, gone: ['b'], rejects: ['c'], cursor: 'link' });
    await run.end('users');
    const error = { code: 'RUN_PARTIAL', message: 'm', hint: 'h' } as const;
    const report = await finishRun(database, { run: run.run, verdict: 'partial', error });
    expect(report).toMatchObject({ run: `${connection}:${run.run}`, verdict: 'partial', error, held: { count: 0, digest: null } });
    expect(await finishRun(database, { run: run.run, verdict: 'failed', error: null })).toEqual(report);
    expect(await readReport(database, run.run)).toEqual(report);
    for (const table of ['checkpoint', 'seen', 'pending_removal']) {
      expect(await database.query(`select from ${table} where run = $1`, [run.run])).toEqual([]);
    }
    await expect(finishRun(database, { run: 0, verdict: 'failed', error: null })).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await readReport(database, 0)).toBeNull();
  });

  test('runs and skipped occurrences are listed, the newest first', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, {});
    const skipped = { connection, profile: 'default', scheduledAt: nominal, run: null, outcome: 'skipped', reason: 'paused' } as const;
    await noteOccurrence(database, skipped);
    await noteOccurrence(database, skipped);
    const open = await drive(database, { connection });
    expect(await listRuns(database, { connection, limit: 9 })).toMatchObject([
      { run: open.run, verdict: null, mode: 'full' },
      { run: null, verdict: 'skipped', reason: 'paused', scheduledAt: nominal, trigger: 'schedule' },
      { run: open.run - 1, verdict: 'complete', mode: 'full', reason: 'first run', error: null },
    ]);
    expect(await listRuns(database, { connection, limit: 1 })).toHaveLength(1);
  });

  test('an occurrence that ran stays so', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const base = { connection, profile: 'default', scheduledAt: nominal, run: null, reason: null };
    await noteOccurrence(database, { ...base, outcome: 'queued' });
    await noteOccurrence(database, { ...base, outcome: 'ran', run: 7 });
    await noteOccurrence(database, { ...base, outcome: 'skipped', reason: 'late answer' });
    expect(await listOccurrences(database, { connection, limit: 5 })).toEqual([{ ...base, outcome: 'ran', run: 7 }]);
  });
}
