// What every database must do for the store: migrations, batches, transactions, errors as codes.
import { inspect } from 'node:util';
import { openDatabase } from '../../../src/store/database.ts';
import { migrations } from '../../../src/store/migrations.ts';
import { migrate } from '../../../src/store/schema.ts';
import type { StartedStore } from '../../support/stores.ts';

/** Everything that a log could show of it. */
const shown = (error: unknown): string => inspect(error, { depth: 9 });

export function databaseContract(store: () => StartedStore): void {
  test('migrating again, and from several sides at once, changes nothing', async () => {
    await Promise.all([1, 2, 3].map(() => migrate(store().database)));
    const rows = await store().database.query('select version from schema_version');
    expect(rows).toEqual(migrations.map(({ version }) => ({ version })));
  });

  const last = migrations.at(-1)?.version ?? 0;
  test.each([
    ['says nothing', null, false],
    ['needs a newer one', last + 1, false],
    ['leaves this one able to work', last, true],
  ])('a database that a newer version migrated, which %s', async (_, oldest, works) => {
    const { database } = store();
    await database.query('insert into schema_version (version, oldest) values (99, $1)', [oldest]);
    const migrated = migrate(database);
    if (works) await expect(migrated).resolves.toBeUndefined();
    else await expect(migrated).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('99') });
    await database.query('delete from schema_version where version = 99');
  });

  test('values come back as numbers, ISO-8601 UTC, booleans and JSON', async () => {
    const [row] = await store().database.query(
      `select 4::int as four, 9007199254740991::bigint as big, '2026-11-02 05:00+05:30'::timestamptz as at, true as yes, '{"a":[1,null]}'::jsonb as json, null as nothing`,
    );
    expect(row).toEqual({
      four: 4,
      big: 9_007_199_254_740_991,
      at: '2026-11-01T23:30:00.000Z',
      yes: true,
      json: { a: [1, null] },
      nothing: null,
    });
  });

  test('plans are not compiled, however dear they look', async () => {
    expect(await store().database.query('select pg_jit_available() as compiled')).toEqual([{ compiled: false }]);
  });

  test('a batch answers the rows of each statement', async () => {
    const rows = await store().database.batch([
      { sql: 'select $1::int as a', params: [1] },
      { sql: 'select 2 as b union select 3 order by 1', params: [] },
    ]);
    expect(rows).toEqual([[{ a: 1 }], [{ b: 2 }, { b: 3 }]]);
  });

  test('a failing statement of a batch says its own error, undoes the batch and leaves the connection usable', async () => {
    const database = openDatabase({ url: store().url, applicationName: 'test', maxConnections: 1 });
    await database.query('create table if not exists batch_test (n int)');
    const failing = database.batch([
      { sql: 'insert into batch_test values (1)', params: [] },
      { sql: 'select 1 / $1::int', params: [0] },
      { sql: 'insert into batch_test values (2)', params: [] },
    ]);
    await expect(failing).rejects.toMatchObject({ code: 'INTERNAL', details: { sqlstate: '22012' } });
    expect(await database.query('select * from batch_test')).toEqual([]);
    await database.close();
  });

  test('what PostgreSQL quotes of a value is in no error', async () => {
    const failure = await store()
      .database.query('select $1::jsonb', ['{"secret-value": oops}'])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'INTERNAL', details: { sqlstate: '22P02' } });
    expect(shown(failure)).not.toContain('secret-value');
  });

  test.each(['batch', 'transaction'] as const)('a %s that PostgreSQL ends with class 40 is run again at once', async (kind) => {
    const { database } = store();
    await database.query(`drop sequence if exists attempts`);
    await database.query('create sequence attempts');
    const sql = `do $$ begin if nextval('attempts') < 3 then raise exception using errcode = '40P01'; end if; end $$`;
    if (kind === 'batch') await database.batch([{ sql, params: [] }]);
    else await database.transaction((transaction) => transaction.query(sql));
    expect(await database.query('select last_value from attempts')).toEqual([{ last_value: 3 }]);
  });

  test('what never succeeds ends as STORE_UNAVAILABLE', async () => {
    const sql = `do $$ begin raise exception using errcode = '40001'; end $$`;
    await expect(store().database.query(sql)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { sqlstate: '40001' } });
  });

  test.each([
    ['TM001', 'STALE_ATTEMPT'],
    ['53100', 'STORE_UNAVAILABLE'],
    ['57P01', 'STORE_UNAVAILABLE'],
    ['25006', 'STORE_UNAVAILABLE'],
    ['22003', 'INTERNAL'],
  ])('SQLSTATE %s is %s', async (state, code) => {
    const sql = `do $$ begin raise exception using errcode = '${state}'; end $$`;
    await expect(store().database.query(sql)).rejects.toMatchObject({ code });
    expect(await store().database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('an error of the caller undoes the transaction and comes back as it was', async () => {
    const { database } = store();
    const mine = new RangeError('mine');
    const failing = database.transaction(async (transaction) => {
      await transaction.query('insert into batch_test values (3)');
      throw mine;
    });
    await expect(failing).rejects.toBe(mine);
    expect(await database.query('select * from batch_test')).toEqual([]);
  });

  test('statements of many clients at once do not meet', async () => {
    const databases = [1, 2, 3, 4].map(() => openDatabase({ url: store().url, applicationName: 'test', maxConnections: 3 }));
    const asked = Array.from({ length: 120 }, (_, index) => index);
    const answers = await Promise.all(
      asked.map((index) => databases[index % 4]!.query(`select $1::int as n${index % 7}, $2::text as t`, [index, 'x'.repeat(index * 50)])),
    );
    expect(answers.map(([row]) => Object.values(row!)[0])).toEqual(asked);
    await Promise.all(databases.map((database) => database.close()));
  });

  test('a server that is not there is STORE_UNAVAILABLE with the address and without the password', async () => {
    const database = openDatabase({ url: 'postgresql://someone:hidden-password@127.0.0.1:1/inventory', applicationName: 'test' });
    const failure = await database.query('select 1').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1') });
    expect(shown(failure)).not.toContain('hidden-password');
    await database.close();
  });

  test('a URL that cannot be read is CONFIG_INVALID and not repeated', () => {
    const open = (): unknown => openDatabase({ url: 'postgresql://user:hidden-password@[/x', applicationName: 'test' });
    expect(open).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(open).not.toThrow(/hidden-password/);
  });
}
