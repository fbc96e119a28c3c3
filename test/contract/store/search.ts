// Searching: order, batches, states, and relations assembled from edges (design 3.8).
import type { RelationSource } from '../../../src/connectors/definition.ts';
import type { AssetSearch, FoundAsset } from '../../../src/store/asset.ts';
import { searchAssets } from '../../../src/store/asset.ts';
import type { Database, Statement } from '../../../src/store/database.ts';
import { commitPage, readStoredEdges } from '../../../src/store/page.ts';
import { drive, fullRun, newConnection, pageOf } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const memberOf: RelationSource = { edge: 'member', stream: 'groups', element: 'record', type: '#group' };
const grants: RelationSource = { edge: 'appRoleAssignment', stream: 'groups', element: 'edge', type: '#grant' };

async function found(database: Database, search: Partial<AssetSearch>): Promise<FoundAsset[]> {
  const all = { where: 'true', params: [], scope: 'live', limit: null, relations: {}, ...search } as const;
  const assets: FoundAsset[] = [];
  for await (const asset of searchAssets(database, all)) assets.push(asset);
  return assets;
}

/** Those of these connections: without it a search goes through the places of all that other tests left. */
const among = (connections: readonly string[]): Statement => ({ sql: 'r.connection = any ($1)', params: [connections] });

export function searchContract(store: () => StartedStore): void {
  test('assets come in order of connection, stream and id, over all batches and once each', async () => {
    const { database } = store();
    const names = [await newConnection(database), await newConnection(database)].sort();
    const ids = Array.from({ length: 1_250 }, (_, index) => `u${(index * 7919) % 1_250}`);
    for (const connection of names) await fullRun(database, connection, { objects: Object.fromEntries(ids.map((id) => [id, { id }])) });
    const of = { places: among(names) };
    const assets = await found(database, of);
    const expected = names.flatMap((connection) => [...ids].sort().map((id) => `${connection} ${id}`));
    expect(assets.map(({ connection, id }) => `${connection} ${id}`)).toEqual(expected);
    expect(assets[0]).toMatchObject({ stream: 'users', class: 'user', state: 'live', document: { id: 'u0' }, relations: {} });
    for (const limit of [0, 1, 500, 501]) expect(await found(database, { ...of, limit })).toHaveLength(limit);
  });

  test('conditions see connection, stream, id, class, times and the document', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: { name: 'x%\0' }, b: { name: 'y' } } });
    const where = `r.connection = $1 and r.stream = 'users' and r.id < 'c' and a.class = 'user' and r.last_changed >= r.first_seen and a.document->>'name' = $2`;
    expect((await found(database, { where, params: [connection, 'x%\0'] })).map(({ id }) => id)).toEqual(['a']);
  });

  test('relations have the elements whose both ends live, in order of id, and edges as elements with their key', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    await run.page('users', { objects: { ana: {}, bo: {} } });
    await run.walk('groups');
    const place = run.at('groups');
    await run.page('groups', {
      objects: { g2: { displayName: 'Two' }, g1: { displayName: 'One' } },
      edges: [
        ['g2', 'ana'],
        ['g1', 'ana'],
        ['nowhere', 'ana'],
      ],
    });
    const grant = { kind: 'appRoleAssignment', from: 'g1', to: 'ana', key: 'grant-1' } as const;
    const [unknown] = await readStoredEdges(database, { ...place, edges: [grant] });
    const empty = await pageOf(database, place, { walk: 1, page: 1 }, {}, { assets: false });
    await commitPage(database, { ...empty, edges: [{ ...unknown!, properties: '{"resource":"Mail"}', change: 'added' }] });

    const search = { places: among([connection]), relations: { user: { memberOf: [memberOf], grants: [grants] } } };
    const relationsOf = async (): Promise<unknown> =>
      Object.fromEntries((await found(database, search)).map(({ id, relations }) => [id, relations]));
    const one = { '@odata.type': '#group', displayName: 'One' };
    const two = { '@odata.type': '#group', displayName: 'Two' };
    const given = { '@odata.type': '#grant', id: 'grant-1', resource: 'Mail' };
    expect(await relationsOf()).toEqual({ ana: { memberOf: [one, two], grants: [given] }, bo: { memberOf: [], grants: [] } });

    for (const stream of ['users', 'groups']) await run.end(stream);
    await run.finish();
    const gone = await drive(database, { connection, mode: 'delta' });
    await gone.walk('groups');
    await gone.page('groups', { gone: ['g1'] });
    await gone.end('groups');
    await gone.settle('groups');
    expect(await relationsOf()).toEqual({ ana: { memberOf: [two], grants: [] }, bo: { memberOf: [], grants: [] } });
    await gone.finish();

    const back = await drive(database, { connection, mode: 'delta' });
    await back.walk('groups');
    await back.page('groups', { objects: { g1: { displayName: 'One' } } });
    expect(await relationsOf()).toEqual({ ana: { memberOf: [one, two], grants: [given] }, bo: { memberOf: [], grants: [] } });
  });

  test('the same id in two connections has the relations of its own', async () => {
    const { database } = store();
    const names = [await newConnection(database), await newConnection(database)].sort();
    for (const connection of names) {
      const run = await drive(database, { connection });
      await run.walk('users');
      await run.page('users', { objects: { ana: {} } });
      await run.walk('groups');
      await run.page('groups', { objects: { g: { of: connection } }, edges: [['g', 'ana']] });
    }
    const assets = await found(database, { places: among(names), relations: { user: { memberOf: [memberOf] } } });
    expect(assets.map(({ relations }) => relations['memberOf'])).toEqual(names.map((of) => [{ '@odata.type': '#group', of }]));
  });

  test('tombstoned assets are found as such, with their document and without relations', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: { n: 1 }, b: {} } });
    await fullRun(database, connection, { objects: { b: {} } });
    const search = { places: among([connection]), relations: { user: { memberOf: [memberOf] } } };
    expect(await found(database, { ...search, scope: 'tombstoned' })).toMatchObject([
      { id: 'a', state: 'tombstoned', document: { n: 1 }, relations: {} },
    ]);
    expect((await found(database, search)).map(({ id }) => id)).toEqual(['b']);
  });

  test('what is found is the same by every way, and its order: to few, to many that come soon, to all of many; of many that the way has first any so many', async () => {
    const { database } = store();
    // In order: 1,600 without the mark, then 4,500 with it: more than a way is taken to, unless they come late.
    const names = [await newConnection(database), await newConnection(database)].sort();
    const base = 5_000_000;
    for (const [index, count] of [1_600, 4_500].entries()) {
      const values = [names[index]!, count, base + index * 100_000];
      await database.query(
        `insert into record (connection, stream, num, id, body, hash, changed_run)
         select $1, 'users', $3::bigint + n, 'u' || ($2::bigint - n), '{}', '', 1 from generate_series(1, $2::bigint) n`,
        values,
      );
    }
    await database.query(
      `insert into asset (num, class, document, hash, map_hash)
       select num, 'user', jsonb_build_object('mark', num % 100000 % 1000, 'late', connection = $2), '', '' from record where connection in ($1, $2)`,
      names,
    );
    const mark = (sql: string): string => `r.connection in ($1, $2) and ${sql}`;
    const way = (sql: string) => ({
      sql: `select num from asset where num > ${base} and ${sql}`,
      params: [],
    });
    const places = among(names);
    const late = `(a.document ->> 'late')::boolean`;
    const marked = `(a.document ->> 'mark')::int = 7`;
    const idsOf = async (search: Parameters<typeof found>[1]): Promise<string[]> =>
      (await found(database, search)).map(({ connection, id }) => `${connection} ${id}`);
    for (const [what, condition, limit, to] of [
      ['few', marked, 5, marked],
      // Not the first that the way leads to.
      ['many, soon', `(a.document ->> 'mark')::int >= 500`, 101, 'true'],
      ['many, all of them', late, null, late],
      ['few of many, late', `${late} and ${marked}`, 5, late],
    ] as const) {
      const search = { where: mark(condition), params: names, places, limit };
      const without = await idsOf(search);
      expect([what, await idsOf({ ...search, ways: [way(to.replace('a.document', 'document'))] })]).toEqual([what, without]);
      expect(without).toHaveLength(limit ?? 4_500);
    }
    const some = await idsOf({ where: mark(late), params: names, places, limit: 101, ways: [way(late.replace('a.document', 'document'))] });
    const all = new Set(await idsOf({ where: mark(late), params: names, places, limit: null }));
    expect(new Set(some.filter((id) => all.has(id))).size).toBe(101);
    expect(some).toHaveLength(101);
  });
}
