// The order ledger: each order is taken once, written under one lease, answered when it is sent again, and forgotten when nobody can need it any more.
import type { JsonObject } from '../../../src/model.ts';
import { putConnection } from '../../../src/store/connection.ts';
import type { Database } from '../../../src/store/database.ts';
import {
  giveLease,
  type Lease,
  madeLately,
  markSent,
  openOrders,
  type Outcome,
  readCreations,
  saveOutcomes,
  takeLease,
} from '../../../src/store/ledger.ts';
import {
  countOrders,
  listOrderFiles,
  openOrderFile,
  planOrderFile,
  readResults,
  type StagedLine,
  stageOrders,
} from '../../../src/store/orderFile.ts';
import { endPath, newPaths, notePaths } from '../../../src/store/orderPath.ts';
import { forgetOrders } from '../../../src/store/orderRetention.ts';
import type { StartedStore } from '../../support/stores.ts';

const connection = 'ledger';
let files = 0;

export function ledgerContract(store: () => StartedStore): void {
  const query = <T extends object>(sql: string, params: Parameters<Database['query']>[1] = []): Promise<T[]> =>
    store().database.query<T>(sql, params);
  beforeEach(async () => {
    await putConnection(store().database, { name: connection, spec: {}, specHash: 'x' });
    for (const table of ['order_line', 'order_file', 'order_ledger', 'order_lease', 'order_path']) await query(`delete from ${table}`);
  });

  const line = (number: number, id: string, more: Partial<NonNullable<StagedLine['order']>> = {}): StagedLine => ({
    line: number,
    part: 0,
    assignment: id,
    changeType: 'Modified',
    reason: null,
    order: {
      id,
      hash: `hash of ${id}`,
      action: 'update',
      type: 'user',
      key: `${id}@contoso.example`,
      member: null,
      body: { a: 1 },
      ...more,
    },
  });
  const refusedLine = (number: number): StagedLine => ({ ...line(number, `bad-${number}`), order: null, reason: 'key is required' });

  async function stage(lines: readonly StagedLine[], file = `file ${(files += 1)}`): Promise<string> {
    await openOrderFile(store().database, { connection, file, by: 'ana@host' });
    await stageOrders(store().database, { connection, file, lines });
    await planOrderFile(store().database, { connection, file }, () => Promise.resolve(null));
    return file;
  }
  async function lease(file: string): Promise<Lease> {
    const taken = await takeLease(store().database, connection, file);
    if (taken === null) throw new Error('No lease.');
    return taken;
  }
  const ids = async (of: Lease): Promise<string[]> => (await openOrders(store().database, of, 100)).map(({ id }) => id);
  const outcome = (id: string, state: Outcome['state'], more: Partial<Outcome> = {}): Outcome => ({
    id,
    state,
    objectId: null,
    step: 1,
    misses: 0,
    failures: null,
    retryMs: null,
    counts: true,
    code: null,
    message: null,
    ...more,
  });
  const end = async (file: string, orders: Readonly<Record<string, Outcome['state']>>): Promise<void> => {
    const of = await lease(file);
    await saveOutcomes(
      store().database,
      of,
      Object.entries(orders).map(([id, state]) => outcome(id, state)),
    );
    await giveLease(store().database, of);
  };
  const counts = (file: string): ReturnType<typeof countOrders> => countOrders(store().database, { connection, file });

  describe('taking', () => {
    test('an order is taken once, however often its file or another one has it', async () => {
      const first = await stage([line(1, 'a'), line(2, 'b')]);
      await stage([line(1, 'a'), line(2, 'b')], first);
      const second = await stage([line(1, 'b'), line(2, 'c')]);
      expect(await query('select id from order_ledger order by num')).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
      expect([(await counts(first))?.total, (await counts(second))?.total]).toEqual([2, 2]);
    });

    test('what is no order, and an id that stands for something else, ends alone and changes nothing', async () => {
      const first = await stage([line(1, 'a')]);
      const second = await stage([line(1, 'a', { hash: 'another' }), refusedLine(2), line(3, 'c')]);
      expect(await counts(second)).toMatchObject({ total: 3, errored: 2, waiting: 1 });
      expect(await counts(first)).toMatchObject({ total: 1, errored: 0, waiting: 1 });
      const results = await readResults(store().database, { connection, file: second, after: null });
      expect(results.map(({ id, outcome: became, code }) => [id, became, code])).toEqual([
        ['a', 'errored', 'ORDER_INVALID'],
        ['bad-2', 'errored', 'ORDER_INVALID'],
      ]);
    });

    test('deletions that are refused end as one, before anything is written, and planned once it stays so', async () => {
      const file = `file ${(files += 1)}`;
      await openOrderFile(store().database, { connection, file, by: 'ana@host' });
      await stageOrders(store().database, {
        connection,
        file,
        lines: [line(1, 'd1', { action: 'delete' }), line(2, 'd2', { action: 'delete' }), line(3, 'u')],
      });
      const judged: number[] = [];
      const judge = ({ counted }: { readonly counted: number }): Promise<string> => {
        judged.push(counted);
        return Promise.resolve('too many');
      };
      for (let time = 0; time < 2; time += 1) await planOrderFile(store().database, { connection, file }, judge);
      expect(judged).toEqual([2]);
      expect(await counts(file)).toMatchObject({ total: 3, errored: 2, waiting: 1 });
    });

    test('text that PostgreSQL cannot hold comes back as it was', async () => {
      const body: JsonObject = { note: 'a\0b\ud800c' };
      const file = await stage([line(1, 'text', { body })]);
      expect((await openOrders(store().database, await lease(file), 1))[0]?.body).toEqual(body);
    });
  });

  describe('writing', () => {
    test('one file of a connection at a time; of its attempts the last one counts', async () => {
      const [one, other] = [await stage([line(1, 'a')]), await stage([line(1, 'b')])];
      const first = await lease(one);
      expect(await takeLease(store().database, connection, other)).toBeNull();
      const second = await lease(one);
      expect(second.fence).toBe(first.fence + 1);
      await expect(saveOutcomes(store().database, first, [outcome('a', 'executed')])).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
      await expect(markSent(store().database, first, [])).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
      await giveLease(store().database, first);
      expect(await takeLease(store().database, connection, other)).toBeNull();
      await giveLease(store().database, second);
      expect(await ids(await lease(other))).toEqual(['b']);
      await expect(takeLease(store().database, 'nobody', one)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    });

    test('orders are open in the order in which they came, until they have ended', async () => {
      const file = await stage(['a', 'b', 'c', 'd'].map((id, index) => line(index + 1, id)));
      const of = await lease(file);
      await saveOutcomes(store().database, of, [
        outcome('b', 'executed'),
        outcome('c', 'errored', { code: 'ORDER_REFUSED', message: 'no' }),
      ]);
      expect(await ids(of)).toEqual(['a', 'd']);
      // What has ended is not opened again.
      await saveOutcomes(store().database, of, [outcome('b', 'waiting')]);
      expect(await ids(of)).toEqual(['a', 'd']);
      expect(await counts(file)).toEqual({ total: 4, executed: 1, errored: 1, skipped: 0, waiting: 2 });
    });

    test('an order that was sent and has no answer is known as such: sent again it may be its own work that is found', async () => {
      const file = await stage([line(1, 'a', { action: 'create' })]);
      const of = await lease(file);
      const sent = { id: 'a', objectId: null, sealed: 'jwe' };
      await markSent(store().database, of, [sent]);
      const [once] = await openOrders(store().database, of, 1);
      expect(once).toMatchObject({ state: 'sent', tries: 1, lost: false, lately: true });
      await markSent(store().database, of, [sent]);
      const [twice] = await openOrders(store().database, of, 1);
      expect(twice).toMatchObject({ tries: 2, lost: true, firstSentAt: once?.firstSentAt });
      // A wait that the source asked for does not count.
      await saveOutcomes(store().database, of, [outcome('a', 'waiting', { counts: false, retryMs: 60_000 })]);
      const [later] = await openOrders(store().database, of, 1);
      expect(later?.tries).toBe(1);
      expect(later?.waitMs).toBeGreaterThan(50_000);
      await saveOutcomes(store().database, of, [outcome('a', 'executed', { objectId: 'id-1' })]);
      expect([...(await madeLately(store().database, connection, ['id-1', 'id-2']))]).toEqual(['id-1']);
      const [made] = await readCreations(store().database, connection, { ids: [], names: ['a@contoso.example'] });
      expect(made).toMatchObject({ id: 'a', ended: true, objectId: 'id-1' });
      // What it was to write is not kept; who may read the password still can.
      expect(await query('select body, sealed from order_ledger')).toEqual([{ body: null, sealed: 'jwe' }]);
    });

    test('results come in the order in which orders ended, page after page, each once', async () => {
      const file = await stage(['a', 'b', 'c'].map((id, index) => line(index + 1, id)));
      const of = await lease(file);
      await saveOutcomes(store().database, of, [outcome('c', 'executed')]);
      const first = await readResults(store().database, { connection, file, after: null });
      await saveOutcomes(store().database, of, [
        outcome('a', 'skipped', { message: 'so already' }),
        outcome('b', 'errored', { code: 'ORDER_REFUSED', message: 'no' }),
      ]);
      const rest = await readResults(store().database, { connection, file, after: first.at(-1) ?? null });
      expect([...first, ...rest].map(({ id, outcome: became }) => [id, became])).toEqual([
        ['c', 'executed'],
        ['a', 'skipped'],
        ['b', 'errored'],
      ]);
    });
  });

  describe('forgetting', () => {
    const alive = (): void => undefined;
    /** As if all of it had happened so many days ago. */
    const age = async (days: number, file: string): Promise<void> => {
      await query(`update order_file set received_at = received_at - $1 * interval '1 day' where file = $2`, [days, file]);
      await query(
        `update order_ledger k set ended_at = ended_at - $1 * interval '1 day' where exists (select from order_line l where l.id = k.id and l.file = $2)`,
        [days, file],
      );
    };
    const known = async (): Promise<string[]> =>
      (await query<{ id: string }>('select id from order_ledger order by num')).map(({ id }) => id);
    const filesKnown = async (): Promise<string[]> =>
      (await listOrderFiles(store().database, { connection, limit: 100 })).map(({ file }) => file);
    const forget = (): Promise<number> => forgetOrders(store().database, { days: 30, alive });

    test('what ended within the days is kept, what ended before them is gone with its file', async () => {
      const old = await stage([line(1, 'a'), refusedLine(2), line(3, 'b')]);
      const young = await stage([line(1, 'c')]);
      await end(old, { a: 'executed', b: 'errored' });
      await end(young, { c: 'executed' });
      await age(31, old);
      await age(29, young);
      expect(await forget()).toBe(5);
      expect([await known(), await filesKnown()]).toEqual([['c'], [young]]);
      expect(await forget()).toBe(0);
      // Sent again it is another order: it is taken, and would be written.
      expect(await counts(await stage([line(1, 'a')]))).toMatchObject({ waiting: 1 });
    });

    test('a file with an order that is under way, or ended within the days, is kept whole', async () => {
      const open = await stage([line(1, 'a'), line(2, 'b')]);
      const late = await stage([line(1, 'c'), line(2, 'd')]);
      await end(open, { a: 'executed' });
      await end(late, { c: 'executed', d: 'executed' });
      await age(31, open);
      await age(31, late);
      await query(`update order_ledger set ended_at = now() where id = 'd'`);
      expect(await forget()).toBe(0);
      expect(await known()).toEqual(['a', 'b', 'c', 'd']);
    });

    test('an order that another file asked for since is kept, and its old file is not', async () => {
      const old = await stage([line(1, 'a'), line(2, 'z')]);
      await end(old, { a: 'executed', z: 'executed' });
      await age(31, old);
      const again = await stage([line(1, 'a')]);
      expect(await forget()).toBe(3);
      expect([await known(), await filesKnown()]).toEqual([['a'], [again]]);
      expect(await counts(again)).toMatchObject({ total: 1, executed: 1 });
    });

    test.each(['key', 'member'] as const)('a file is kept while an order under way names one of its orders as its %s', async (name) => {
      const old = await stage([line(1, 'made', { action: 'create' })]);
      await end(old, { made: 'executed' });
      await age(31, old);
      const open = await stage([line(1, 'add', { action: 'addMember', type: 'group', key: 'other', member: 'other', [name]: 'made' })]);
      expect(await forget()).toBe(0);
      await end(open, { add: 'executed' });
      expect(await forget()).toBe(2);
      expect(await known()).toEqual(['add']);
    });

    test('it goes in slices, and tells after each that it lives', async () => {
      const old = await stage(Array.from({ length: 5_050 }, (_, index) => line(index + 1, `o-${index}`)));
      await query(`update order_ledger set state = 'executed', ended_at = now()`);
      await age(31, old);
      let beats = 0;
      expect(await forgetOrders(store().database, { days: 30, alive: () => (beats += 1) })).toBe(10_100);
      expect(beats).toBeGreaterThanOrEqual(2);
      expect([await known(), await filesKnown()]).toEqual([[], []]);
    });
  });

  describe('files of a directory', () => {
    const at = (name: string, version = '1'): { path: string; version: string } => ({ path: name, version });

    test('one that has ended is not new while it is the same; one that is gone is not known any more', async () => {
      const { database } = store();
      expect(await newPaths(database, connection, [at('b'), at('a')])).toEqual([at('a'), at('b')]);
      await notePaths(database, { connection, run: 7, paths: [at('a'), at('b')] });
      await endPath(database, { connection, run: 7, path: 'a', executed: 1, errored: 2, skipped: 3 });
      // Asked again by the same run, what has ended stays so.
      await notePaths(database, { connection, run: 7, paths: [at('a'), at('b')] });
      expect(await newPaths(database, connection, [at('a'), at('b')])).toEqual([at('b')]);
      expect(await newPaths(database, connection, [at('a', '2')])).toEqual([at('a', '2')]);
      expect(await query('select path, executed, errored, skipped from order_path')).toEqual([
        { path: 'a', executed: 1, errored: 2, skipped: 3 },
      ]);
      await notePaths(database, { connection, run: 8, paths: [at('a', '2')] });
      expect(await query('select version, run, executed, ended_at as "endedAt" from order_path')).toEqual([
        { version: '2', run: 8, executed: null, endedAt: null },
      ]);
      // An attempt of the run before says nothing of it.
      await endPath(database, { connection, run: 7, path: 'a', executed: 9, errored: 0, skipped: 0 });
      expect(await newPaths(database, connection, [at('a', '2')])).toEqual([at('a', '2')]);
    });
  });
}
