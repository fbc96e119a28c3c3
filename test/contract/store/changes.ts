// What runs changed, as it is told afterwards: each document once a run, net of what its pages did, and in bounded space.
import type { RelationSource } from '../../../src/connectors/definition.ts';
import type { JsonObject } from '../../../src/model.ts';
import { type ChangedDocument, changedDocuments, type ChangeSearch, runsUnderWay } from '../../../src/store/change.ts';
import type { Database } from '../../../src/store/database.ts';
import { commitPage } from '../../../src/store/page.ts';
import { changeHorizon, forgetChanges } from '../../../src/store/retention.ts';
import { drive, type DrivenRun, fullRun, newConnection, pageOf, pin, type Told } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const memberOf: RelationSource = { edge: 'member', stream: 'groups', element: 'record', type: '#group' };
const everything = { afterRun: 0, since: null, where: 'true', params: [], relations: {} };
const alive = (): void => undefined;

async function changed(database: Database, search: Partial<ChangeSearch>): Promise<ChangedDocument[]> {
  const found: ChangedDocument[] = [];
  for await (const document of changedDocuments(database, { ...everything, connection: null, ...search })) found.push(document);
  return found;
}

/** `id: added`, `id: n 1→2 -gone` and so on, of one run. */
async function told(database: Database, { run, connection }: { run: number; connection: string }): Promise<string[]> {
  const found = await changed(database, { connection, afterRun: run - 1, relations: { user: { memberOf: [memberOf] } } });
  return found
    .filter((document) => document.run === run)
    .map(({ id, change, paths, more, gained, lost }) =>
      [
        `${id}:`,
        change,
        ...paths.map(({ path, before, after }) => `${path} ${JSON.stringify(before)}→${JSON.stringify(after)}`),
        ...(more > 0 ? [`and ${more}`] : []),
        ...(gained['memberOf'] ?? []).map((element) => `+${String(element['name'])}`),
        ...(lost['memberOf'] ?? []).map((element) => `-${String(element['name'])}`),
      ].join(' '),
    );
}

/** A run of users and groups, to its end. */
async function ran(
  database: Database,
  connection: string,
  of: { readonly mode?: 'full' | 'delta'; readonly users?: readonly Told[]; readonly groups?: readonly Told[] },
): Promise<DrivenRun> {
  const { mode = 'delta', users = [], groups = [] } = of;
  const run = await drive(database, { connection, mode });
  for (const [stream, pages] of Object.entries({ users, groups })) {
    await run.walk(stream);
    for (const page of pages) await run.page(stream, page);
    await run.end(stream);
  }
  for (const stream of ['users', 'groups']) await run.settle(stream);
  await run.finish();
  return run;
}

/** `changing`: how many one run changes; more than 20,000 are noted in several batches, more than 500 are read in several. */
export function changesContract(store: () => StartedStore, changing: number): void {
  test.each<[name: string, pages: Told[], expected: string[]]>([
    ['nothing', [{ objects: { a: { n: 1 } } }], []],
    ['each once, in order of id', [{ objects: { new: {}, a: { n: 2 } }, gone: ['b'] }], ['a: changed n 1→2', 'b: removed', 'new: added']],
    ['added, then changed', [{ objects: { new: {} } }, { objects: { new: { n: 2 } } }], ['new: added']],
    ['changed twice', [{ objects: { a: { n: 2, m: 1 } } }, { objects: { a: { n: 3 } } }], ['a: changed n 1→3']],
    ['changed, and back', [{ objects: { a: { n: 2 } } }, { objects: { a: { n: 1 } } }], ['a: changed']],
    ['changed, then removed', [{ objects: { a: { n: 2 } } }, { gone: ['a'] }], ['a: removed']],
    ['added, then removed', [{ objects: { new: {} } }, { gone: ['new'] }], []],
    ['removed, then seen again', [{ gone: ['a'] }, { objects: { a: { n: 1 } } }], []],
    ['parts of an object', [{ objects: { c: { o: { x: 1, z: [2] } } } }], ['c: changed o.y 2→null o.z null→[2]']],
    ['a list as a whole', [{ objects: { d: { list: [1, 3] } } }], ['d: changed list [1,2]→[1,3]']],
    ['text PostgreSQL cannot hold', [{ objects: { a: { n: 'x\0\uD800' } } }], ['a: changed n 1→"x\\u0000\\ud800"']],
    ['one that was removed by an earlier run', [{ objects: { old: { n: 1 } } }], ['old: added']],
  ])('%s', async (_, pages, expected) => {
    const { database } = store();
    const connection = await newConnection(database);
    const users: Record<string, JsonObject> = { a: { n: 1 }, b: {}, c: { o: { x: 1, y: 2 } }, d: { list: [1, 2] }, old: { n: 0 } };
    await ran(database, connection, { mode: 'full', users: [{ objects: users }] });
    await ran(database, connection, { users: [{ gone: ['old'] }] });
    expect(await told(database, await ran(database, connection, { users: pages }))).toEqual(expected);
  });

  const members = (...pairs: [string, string][]): Told => ({ edges: pairs });
  test.each<[name: string, of: { mode?: 'full'; users?: Told[]; groups?: Told[] }, expected: string[]]>([
    ['gained', { groups: [members(['g2', 'a'], ['g2', 'b'])] }, ['a: changed +Two', 'b: changed +Two']],
    ['lost', { groups: [{ goneEdges: [['g1', 'a']] }] }, ['a: changed -One']],
    [
      'gained and lost, with a path',
      { users: [{ objects: { a: { n: 2 } } }], groups: [{ ...members(['g2', 'a']), goneEdges: [['g1', 'a']] }] },
      ['a: changed n null→2 +Two -One'],
    ],
    ['of a group that is new', { groups: [{ objects: { g3: { name: 'Three' } }, ...members(['g3', 'a']) }] }, ['a: changed +Three']],
    ['with a new user: it is added with them', { users: [{ objects: { new: {} } }], groups: [members(['g1', 'new'])] }, ['new: added']],
    ['of a user that is removed', { users: [{ gone: ['a'] }], groups: [{ goneEdges: [['g1', 'a']] }] }, ['a: removed']],
    ['of a group that is removed: that is told of the group', { groups: [{ gone: ['g1'], goneEdges: [['g1', 'a']] }] }, []],
    ['swept with its group', { mode: 'full', users: [{ objects: { a: {}, b: {} } }], groups: [{ objects: { g2: { name: 'Two' } } }] }, []],
    ['of nobody we know', { groups: [members(['g1', 'nobody'])] }, []],
    ['renamed with its group: that is told of the group', { groups: [{ objects: { g1: { name: 'Uno' } } }] }, []],
    ['that came and went within the run', { groups: [members(['g2', 'a']), { goneEdges: [['g2', 'a']] }] }, []],
  ])('a relation %s', async (_, of, expected) => {
    const { database } = store();
    const connection = await newConnection(database);
    const first = await ran(database, connection, {
      mode: 'full',
      users: [{ objects: { a: {}, b: {} } }],
      groups: [{ objects: { g1: { name: 'One' }, g2: { name: 'Two' } }, edges: [['g1', 'a']] }],
    });
    expect(await told(database, first)).toEqual(['a: added', 'b: added']);
    const second = await ran(database, connection, of);
    expect(await told(database, second)).toEqual(expected);
    // Whatever later runs remove, what this one did stays told.
    await ran(database, connection, {
      groups: [
        {
          goneEdges: [
            ['g2', 'a'],
            ['g2', 'b'],
            ['g3', 'a'],
          ],
        },
        { gone: ['g1', 'g2'] },
      ],
    });
    expect(await told(database, second)).toEqual(expected);
  });

  test('in order of run, stream and id, over all batches; after a run, since a time, of a connection, by condition', async () => {
    const { database } = store();
    const [one, other] = [await newConnection(database), await newConnection(database)];
    const ids = Array.from({ length: changing }, (_, index) => `u${(index * 7919) % changing}`);
    const objects = Object.fromEntries(ids.map((id) => [id, { id }]));
    const first = await drive(database, { connection: one, streams: [pin('users'), pin('groups')] });
    for (const stream of ['users', 'groups']) await first.walk(stream);
    await first.page('users', { objects });
    await first.page('groups', { objects: { g: {} } });
    await first.finish();
    await fullRun(database, other, { objects: { x: { n: 1 } } });
    const third = await ran(database, one, { users: [{ objects: { u7: { n: 1 } } }] });
    const both = { where: 'r.connection in ($1, $2)', params: [one, other] };
    const all = await changed(database, { ...both, afterRun: first.run - 1 });
    expect(all.map(({ connection, stream, id }) => `${connection} ${stream} ${id}`)).toEqual([
      `${one} groups g`,
      ...[...ids].sort().map((id) => `${one} users ${id}`),
      `${other} users x`,
      `${one} users u7`,
    ]);
    expect(all.at(-1)).toMatchObject({ run: third.run, class: 'user', change: 'changed', excluded: false });
    const idsOf = async (search: Partial<ChangeSearch>): Promise<string[]> => (await changed(database, search)).map(({ id }) => id);
    expect(await idsOf({ ...both, afterRun: first.run })).toEqual(['x', 'u7']);
    expect(await idsOf({ connection: one, afterRun: first.run })).toEqual(['u7']);
    expect(await idsOf({ connection: one, where: `a.document ->> 'n' = $1`, params: ['1'] })).toEqual(['u7', 'u7']);
    const since = (await changed(database, { connection: other }))[0]!.at;
    expect(await idsOf({ ...both, since })).toEqual(['x', 'u7']);
  });

  test('a run under way is told when it has ended, whatever its verdict', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    await run.page('users', { objects: { a: {} } });
    expect(await changed(database, { connection })).toEqual([]);
    const between = { after: run.run - 1, before: run.run + 1, connection };
    expect(await runsUnderWay(database, between)).toEqual([{ run: run.run, connection }]);
    await run.finish('cancelled');
    expect(await changed(database, { connection })).toMatchObject([{ id: 'a', change: 'added', run: run.run }]);
    expect(await runsUnderWay(database, between)).toEqual([]);
  });

  test('a page that is refused or fails changes nothing that is told, and one that is tried again is told once', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: { n: 1 } } });
    const run = await drive(database, { connection, mode: 'delta', streams: [pin('users')] });
    await run.walk('users');
    const page = await pageOf(database, run.at('users'), { walk: 1, page: 0 }, { objects: { a: { n: 2 } } });
    const kept = () => database.query('select num, paths from asset_change where run = $1', [run.run]);
    await expect(
      commitPage(database, {
        ...page,
        rejects: [{ id: 'x', code: 'MAPPING_FAILED', reason: '\0' }],
        records: [{ ...page.records[0]!, body: '{' }],
      }),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await kept()).toEqual([]);
    await commitPage(database, page);
    await expect(commitPage(database, page)).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await kept()).toHaveLength(1);
    await run.finish();
    expect(await told(database, run)).toEqual(['a: changed n 1→2']);
  });

  test('what is kept of a change does not grow with the document', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const wide = (value: string): JsonObject => Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`p${1000 + index}`, value]));
    await fullRun(database, connection, { objects: { wide: wide('a'), long: { text: 'x'.repeat(100_000), list: ['y'.repeat(1_000)] } } });
    await fullRun(database, connection, { objects: { wide: wide('b'), long: { text: '😀'.repeat(500), list: [] } } });
    const found = await changed(database, { connection });
    const [long, many] = found.filter(({ change }) => change === 'changed');
    expect(many).toMatchObject({ id: 'wide', more: 250, paths: Array.from({ length: 50 }, () => ({ before: 'a', after: 'b' })) });
    expect(long!.paths).toEqual([
      { path: 'list', before: `["${'y'.repeat(254)}`, after: [], cut: true },
      { path: 'text', before: 'x'.repeat(256), after: '😀'.repeat(128), cut: true },
    ]);
  });

  test('changes are forgotten when their runs ended so many days ago, in slices, and not before; what comes after is kept', async () => {
    const { database } = store();
    // Other tests leave runs under way, and these hold back what comes after them.
    await database.query(`update run set verdict = 'cancelled', finished_at = now() where verdict is null`);
    const connection = await newConnection(database);
    const first = await ran(database, connection, {
      mode: 'full',
      users: [{ objects: { a: { n: 1 } } }],
      groups: [{ objects: { g: {} }, edges: [['g', 'a']] }],
    });
    const second = await ran(database, connection, { users: [{ objects: { a: { n: 2 } } }], groups: [{ goneEdges: [['g', 'a']] }] });
    const third = await ran(database, connection, { users: [{ objects: { a: { n: 3 } } }] });
    const age = (run: number, days: number) =>
      database.query(`update run set finished_at = now() - $2 * interval '1 day' where run <= $1`, [run, days]);
    const rows = async (): Promise<number[]> => {
      const tables = ['run_change', 'asset_change', 'removed_edge'];
      const counts = await Promise.all(
        tables.map((table) =>
          database.query<{ run: number }>(`select distinct run from ${table} where run in ($1, $2, $3)`, [
            first.run,
            second.run,
            third.run,
          ]),
        ),
      );
      return counts.map((found) => found.length);
    };
    expect(await rows()).toEqual([3, 2, 1]);
    await age(first.run, 29);
    await forgetChanges(database, { days: 30, alive });
    expect(await rows()).toEqual([3, 2, 1]);
    await age(second.run, 31);
    expect(await forgetChanges(database, { days: 30, alive })).toBeGreaterThan(0);
    expect(await rows()).toEqual([1, 1, 0]);
    expect((await changeHorizon(database)).run).toBe(second.run);
    expect(await told(database, third)).toEqual(['a: changed n 2→3']);
    expect((await changed(database, { connection })).map(({ run }) => run)).toEqual([third.run]);
    // A run that has not ended keeps its own, and what comes after it.
    const open = await drive(database, { connection: await newConnection(database) });
    const fourth = await ran(database, connection, { users: [{ objects: { a: { n: 4 } } }] });
    await age(fourth.run, 31);
    await database.query('update run set finished_at = null where run = $1', [open.run]);
    await forgetChanges(database, { days: 30, alive });
    expect((await changeHorizon(database)).run).toBe(open.run - 1);
    expect(await told(database, fourth)).toEqual(['a: changed n 3→4']);
    await open.finish('cancelled');
    await age(fourth.run, 31);
    await forgetChanges(database, { days: 30, alive });
    expect(await changed(database, {})).toEqual([]);
    expect(await forgetChanges(database, { days: 30, alive })).toBe(0);
  });
}
