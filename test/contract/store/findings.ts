// Findings: what records say of flaws, judged after each run. One row per flaw and asset, whoever tells it; fixed only by proof.
import type { JsonObject } from '../../../src/model.ts';
import { deleteConnection } from '../../../src/store/connection.ts';
import type { Database } from '../../../src/store/database.ts';
import { type FindingCounts, judgeFindings, namedAssets } from '../../../src/store/finding.ts';
import { drive, type DrivenRun, newConnection, pin } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const stream = 'vulnerabilities';
const idle = (): void => undefined;

/** What a record says: of the flaw, with its status. */
const says = (key: string, status = 'open', more: JsonObject = {}): JsonObject => {
  const { severity = 3, assetId = 'vm-1', ...others } = more;
  return { ...others, finding: { key, status, severity, qds: 50, assetClass: 'host', assetId } };
};

interface Told {
  readonly objects: Readonly<Record<string, JsonObject>>;
  /** Whether its walk ends complete. @default true */
  readonly complete?: boolean;
}

/** A full pull that saw these records, judged; it is not ended yet. */
async function pulled(database: Database, connection: string, { objects, complete = true }: Told): Promise<DrivenRun> {
  const run = await drive(database, { connection, streams: [pin(stream, false)] });
  await run.walk(stream);
  await run.page(stream, { objects });
  await run.end(stream, complete ? 'complete' : 'partial');
  if (complete) await run.settle(stream);
  return run;
}

async function judged(database: Database, connection: string, told: Told): Promise<FindingCounts> {
  const run = await pulled(database, connection, told);
  const counts = await judgeFindings(database, run.at(stream), idle);
  await run.finish(told.complete === false ? 'partial' : 'complete');
  return counts;
}

interface Row {
  readonly key: string;
  readonly status: string;
  readonly by: string;
  readonly reopened: number;
  readonly ended: boolean;
}

const rows = (database: Database, connection: string): Promise<Row[]> =>
  database.query<Row>(
    `select f.key, f.status, r.id as by, f.reopened, f.last_seen is not null as ended
     from finding f join record r on r.num = f.num where f.connection = $1 order by f.key`,
    [connection],
  );

const none: FindingCounts = { opened: 0, reopened: 0, fixed: 0, suppressed: 0 };

export function findingsContract(store: () => StartedStore): void {
  const begin = async (): Promise<{ readonly database: Database; readonly connection: string }> => {
    const { database } = store();
    return { database, connection: await newConnection(database) };
  };

  test('a flaw is one finding, however many records tell it; the first of the worst shows it', async () => {
    const { database, connection } = await begin();
    const objects = { a: says('k1', 'suppressed'), b: says('k1'), c: says('k1'), d: says('k2', 'suppressed') };
    expect(await judged(database, connection, { objects })).toEqual({ ...none, opened: 1, suppressed: 1 });
    expect(await rows(database, connection)).toEqual([
      { key: 'k1', status: 'open', by: 'b', reopened: 0, ended: false },
      { key: 'k2', status: 'suppressed', by: 'd', reopened: 0, ended: false },
    ]);
  });

  test('it is fixed when the last record that tells it goes, comes back, and keeps its past', async () => {
    const { database, connection } = await begin();
    await judged(database, connection, { objects: { a: says('k1'), b: says('k1') } });
    expect(await judged(database, connection, { objects: { b: says('k1') } })).toEqual(none);
    expect(await rows(database, connection)).toMatchObject([{ status: 'open', by: 'b' }]);
    expect(await judged(database, connection, { objects: {} })).toEqual({ ...none, fixed: 1 });
    expect(await rows(database, connection)).toMatchObject([{ status: 'fixed', by: 'b', reopened: 0, ended: true }]);
    expect(await judged(database, connection, { objects: { a: says('k1') } })).toEqual({ ...none, reopened: 1 });
    expect(await rows(database, connection)).toMatchObject([{ status: 'open', by: 'a', reopened: 1, ended: false }]);
  });

  test('a run that is not complete opens and fixes what records say, and nothing by their absence', async () => {
    const { database, connection } = await begin();
    await judged(database, connection, { objects: { a: says('k1'), b: says('k2') } });
    const told = { objects: { a: says('k1', 'fixed'), c: says('k3') }, complete: false };
    expect(await judged(database, connection, told)).toEqual({ ...none, opened: 1, fixed: 1 });
    expect(await rows(database, connection)).toMatchObject([
      { key: 'k1', status: 'fixed' },
      { key: 'k2', status: 'open' },
      { key: 'k3', status: 'open' },
    ]);
  });

  test('an exemption suppresses, and what was never open is no finding', async () => {
    const { database, connection } = await begin();
    expect(await judged(database, connection, { objects: { a: says('k1'), b: says('k2', 'fixed') } })).toEqual({ ...none, opened: 1 });
    expect(await judged(database, connection, { objects: { a: says('k1', 'suppressed') } })).toEqual({ ...none, suppressed: 1 });
    expect(await rows(database, connection)).toMatchObject([{ key: 'k1', status: 'suppressed', reopened: 0 }]);
    expect(await judged(database, connection, { objects: { a: says('k1') } })).toEqual({ ...none, opened: 1 });
  });

  test('a record that tells another flaw leaves the first one fixed', async () => {
    const { database, connection } = await begin();
    await judged(database, connection, { objects: { a: says('k1') } });
    expect(await judged(database, connection, { objects: { a: says('k2') } })).toEqual({ ...none, opened: 1, fixed: 1 });
    expect(await rows(database, connection)).toMatchObject([
      { key: 'k1', status: 'fixed' },
      { key: 'k2', status: 'open' },
    ]);
  });

  test('judged again after a crash, nothing turns twice', async () => {
    const { database, connection } = await begin();
    await judged(database, connection, { objects: { a: says('k1') } });
    await judged(database, connection, { objects: {} });
    const run = await pulled(database, connection, { objects: { a: says('k1') } });
    expect(await judgeFindings(database, run.at(stream), idle)).toEqual({ ...none, reopened: 1 });
    expect(await judgeFindings(database, run.at(stream), idle)).toEqual(none);
    expect(await rows(database, connection)).toMatchObject([{ status: 'open', reopened: 1 }]);
    await run.finish();
  });

  test('a run that was overtaken judges nothing', async () => {
    const { database, connection } = await begin();
    const run = await pulled(database, connection, { objects: { a: says('k1') } });
    await drive(database, { connection, streams: [pin(stream, false)] });
    await expect(judgeFindings(database, run.at(stream), idle)).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await rows(database, connection)).toEqual([]);
  });

  test('the assets that evidence is about, page after page, with the first record that names each', async () => {
    const { database, connection } = await begin();
    const objects = {
      a: says('k1', 'open', { assetId: 'vm-1', n: 1 }),
      b: says('k2', 'open', { assetId: 'vm-1', n: 2 }),
      c: says('k3', 'fixed', { assetId: 'vm-2', n: 3 }),
      d: says('k4', 'suppressed', { assetId: 'vm-3', n: 4 }),
    };
    await judged(database, connection, { objects });
    const known = await drive(database, { connection, streams: [pin('machines', false)] });
    await known.walk('machines');
    await known.page('machines', { objects: { 'vm-3': {} } });
    const ask = (after: string, limit: number, knownTo: readonly string[] = []) =>
      namedAssets(database, { connection, after, of: 'host', knownTo, limit });
    const named = await ask('', 10);
    expect(named.map(({ id, body }) => [id, body?.['n'] ?? null])).toEqual([
      ['vm-1', 1],
      ['vm-2', null],
      ['vm-3', 4],
    ]);
    expect((await ask('', 2)).map(({ id }) => id)).toEqual(['vm-1', 'vm-2']);
    expect((await ask('vm-2', 2)).map(({ id }) => id)).toEqual(['vm-3']);
    expect(await ask('vm-2', 2, ['machines'])).toEqual([{ id: 'vm-3', body: null }]);
    expect(await ask('vm-3', 2)).toEqual([]);
  });

  test('a row that was set aside leaves open what it told before', async () => {
    const { database, connection } = await begin();
    const told = { 'row#1': says('k1'), 'row#2': says('k2'), 'row2#1': says('k3'), other: says('k4') };
    await judged(database, connection, { objects: told });
    const run = await drive(database, { connection, streams: [pin(stream, false)] });
    await run.walk(stream);
    await run.page(stream, { objects: { other: says('k4') }, rejects: ['row'] });
    await run.end(stream);
    await run.settle(stream);
    expect(await judgeFindings(database, run.at(stream), idle)).toEqual({ ...none, fixed: 1 });
    expect((await rows(database, connection)).map(({ key, status }) => [key, status])).toEqual([
      ['k1', 'open'],
      ['k2', 'open'],
      ['k3', 'fixed'],
      ['k4', 'open'],
    ]);
    await run.finish();
  });

  test('erased with their connection, nothing of them is left', async () => {
    const { database, connection } = await begin();
    await judged(database, connection, { objects: { a: says('k1'), b: says('k2') } });
    await deleteConnection(database, connection, { purge: false });
    expect(await rows(database, connection)).toHaveLength(2);
    await deleteConnection(database, connection, { purge: true });
    const left = await database.query('select from evidence where connection = $1 union all select from finding where connection = $1', [
      connection,
    ]);
    expect(left).toEqual([]);
  });
}
