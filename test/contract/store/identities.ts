// Identity keys: written with their records' pages, and read as the assets that they tie together.
import type { JsonObject } from '../../../src/model.ts';
import { deleteConnection } from '../../../src/store/connection.ts';
import type { Database } from '../../../src/store/database.ts';
import { putIdentificationRules, readIdentificationRules } from '../../../src/store/identificationRules.ts';
import { readTied, type Tied, tiedAtMost } from '../../../src/store/identity.ts';
import { commitPage } from '../../../src/store/page.ts';
import { drive, fullRun, newConnection, pageOf, pin } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

type Keys = Readonly<Record<string, string>>;
const stream = 'users';
const rules = ['resource-id', 'vm-id'];

/** By id, what each shows. */
const shows = (all: Readonly<Record<string, Keys>>): Record<string, JsonObject> =>
  Object.fromEntries(Object.entries(all).map(([id, keys]) => [id, { id, keys }]));

/** `CONNECTION ID` of what was found, with its keys, the connections by their places in the list. */
const found = ({ assets }: Tied, connections: readonly string[]): Record<string, string[]> =>
  Object.fromEntries(
    assets
      .map((asset): [string, string[]] => [
        `${connections.indexOf(asset.connection)} ${asset.id}`,
        asset.keys.map(({ rule, key }) => `${rule} ${key}`),
      ])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const stored = async (database: Database, connection: string): Promise<string[]> =>
  (
    await database.query<{ row: string }>(
      `select r.id || ' ' || k.rule || ' ' || k.key as row from identity_key k join record r on r.num = k.num where r.connection = $1 order by 1`,
      [connection],
    )
  ).map(({ row }) => row);

export function identitiesContract(store: () => StartedStore): void {
  /** Connections, each with what its assets show. */
  async function begin(...all: readonly Readonly<Record<string, Keys>>[]): Promise<{ database: Database; connections: string[] }> {
    const { database } = store();
    const connections: string[] = [];
    for (const objects of all) {
      const connection = await newConnection(database);
      await fullRun(database, connection, { objects: shows(objects) });
      connections.push(connection);
    }
    return { database, connections };
  }
  const at = (connection: string | undefined, id: string) => ({ connection: connection ?? '', stream, id });
  const unique = (text: string): string => `${text} ${Math.random()}`;

  test('keys are replaced with their record, and nothing is written where they stay', async () => {
    const { database, connections } = await begin({ a: { 'resource-id': '/x', 'vm-id': '1' }, b: { 'vm-id': '2' }, c: {} });
    const [connection = ''] = connections;
    expect(await stored(database, connection)).toEqual(['a resource-id /x', 'a vm-id 1', 'b vm-id 2']);
    const places = () => database.query('select ctid::text, rule, key from identity_key where key in ($1, $2)', ['1', '/x']);
    const before = await places();
    const objects = shows({ a: { 'resource-id': '/x', 'vm-id': '1' }, b: {}, c: { 'vm-id': '3' } });
    await fullRun(database, connection, { objects: { ...objects, a: { ...objects['a'], more: 'said' } } });
    expect(await stored(database, connection)).toEqual(['a resource-id /x', 'a vm-id 1', 'c vm-id 3']);
    expect(await places()).toEqual(before);
  });

  test('a page that is refused has written none', async () => {
    const { database, connections } = await begin({});
    const [connection = ''] = connections;
    const run = await drive(database, { connection, streams: [pin(stream)] });
    await run.walk(stream);
    const page = await pageOf(database, run.at(stream), { walk: 1, page: 7 }, { objects: shows({ a: { 'vm-id': '1' } }) });
    await expect(commitPage(database, page)).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await stored(database, connection)).toEqual([]);
    await run.finish('failed');
  });

  test('they are erased with their connection', async () => {
    const key = unique('k');
    const { database, connections } = await begin({ a: { 'vm-id': key } });
    await deleteConnection(database, connections[0] ?? '', { purge: true });
    expect(await database.query('select from identity_key where key = $1', [key])).toEqual([]);
  });

  test('what is tied is found from each end, over as many as it takes, for many at once; an asset without keys is none of them', async () => {
    const [x, one, y] = [unique('/x'), unique('1'), unique('/y')];
    const { database, connections } = await begin(
      { a: { 'resource-id': x }, alone: {}, other: { 'resource-id': y } },
      { b: { 'resource-id': x, 'vm-id': one } },
      { c: { 'vm-id': one } },
    );
    const whole = { '0 a': [`resource-id ${x}`], '1 b': [`resource-id ${x}`, `vm-id ${one}`], '2 c': [`vm-id ${one}`] };
    for (const [place, id] of ['a', 'b', 'c'].entries()) {
      const tied = await readTied(database, [at(connections[place], id)], { rules, off: [] });
      expect([tied.complete, found(tied, connections)]).toEqual([true, whole]);
    }
    const all = await readTied(
      database,
      ['a', 'alone', 'other'].map((id) => at(connections[0], id)),
      { rules, off: [] },
    );
    expect(found(all, connections)).toEqual({ ...whole, '0 other': [`resource-id ${y}`] });
    expect(await readTied(database, [at(connections[0], 'alone')], { rules, off: [] })).toEqual({ assets: [], complete: true });
  });

  test('a rule that is off ties nothing: for all, or for the assets of one connection', async () => {
    const x = unique('/x');
    const { database, connections } = await begin({ a: { 'resource-id': x } }, { b: { 'resource-id': x } }, { c: { 'resource-id': x } });
    const tied = (on: readonly string[], off: readonly (string | undefined)[] = []) =>
      readTied(database, [at(connections[0], 'a')], { rules: on, off: off.map((one) => ({ connection: one ?? '', rule: 'resource-id' })) });
    expect(Object.keys(found(await tied(rules), connections))).toEqual(['0 a', '1 b', '2 c']);
    expect(await tied(['vm-id'])).toEqual({ assets: [], complete: true });
    expect(Object.keys(found(await tied(rules, [connections[1]]), connections))).toEqual(['0 a', '2 c']);
    expect(await tied(rules, [connections[0]])).toEqual({ assets: [], complete: true });
  });

  test('a key that two assets of one connection have leads no further, and shows who has it; not where that connection has the rule off', async () => {
    const [x, one] = [unique('/x'), unique('1')];
    const { database, connections } = await begin(
      { a: { 'resource-id': x } },
      { b: { 'resource-id': x, 'vm-id': one }, b2: { 'resource-id': x } },
      { c: { 'vm-id': one } },
    );
    const from = [at(connections[0], 'a')];
    const key = [`resource-id ${x}`];
    expect(found(await readTied(database, from, { rules, off: [] }), connections)).toEqual({ '0 a': key, '1 b': key, '1 b2': key });
    const off = [{ connection: connections[1] ?? '', rule: 'resource-id' }];
    expect(found(await readTied(database, from, { rules, off }), connections)).toEqual({ '0 a': key });
  });

  test('what is gone or left out by its connection is tied to nothing, and is again when it comes back', async () => {
    const x = unique('/x');
    const { database, connections } = await begin({ a: { 'resource-id': x } }, { b: { 'resource-id': x }, keep: {} });
    const [one, other = ''] = connections;
    const tied = async () => Object.keys(found(await readTied(database, [at(one, 'a')], { rules, off: [] }), connections));
    expect(await tied()).toEqual(['0 a', '1 b']);
    await fullRun(database, other, { objects: shows({ keep: {} }) });
    expect(await tied()).toEqual(['0 a']);
    expect(await readTied(database, [at(other, 'b')], { rules, off: [] })).toEqual({ assets: [], complete: true });
    await fullRun(database, other, { objects: shows({ b: { 'resource-id': x }, keep: {} }) });
    expect(await tied()).toEqual(['0 a', '1 b']);
    await database.query(`update asset set excluded = true where num = (select num from record where connection = $1 and id = 'b')`, [
      other,
    ]);
    expect(await tied()).toEqual(['0 a']);
  });

  test('no more are looked at than is allowed, the nearest first', async () => {
    const [mark, links] = [unique('chain'), tiedAtMost / 2 + 50];
    const ids = Array.from({ length: links }, (_, index) => String(index).padStart(5, '0'));
    const { database, connections } = await begin(
      Object.fromEntries(ids.map((id, index) => [id, { 'resource-id': `${mark} ${index}`, 'vm-id': `${mark} ${index - 1}` }])),
      Object.fromEntries(ids.map((id, index) => [id, { 'resource-id': `${mark} ${index}`, 'vm-id': `${mark} ${index}` }])),
    );
    const tied = await readTied(database, [at(connections[0], '00000')], { rules, off: [] });
    expect(tied.complete).toBe(false);
    expect(tied.assets.length).toBeLessThanOrEqual(tiedAtMost + 3);
    expect(tied.assets.map(({ id }) => id)).toContain('00400');
    expect(tied.assets.map(({ id }) => id)).not.toContain(ids.at(-1));
    const half = await readTied(database, [at(connections[0], '00300')], { rules: ['resource-id'], off: [] });
    expect([half.complete, half.assets.length]).toEqual([true, 2]);
  });

  test('the rules of the installation are created, changed, and left unchanged', async () => {
    const { database } = store();
    await database.query('delete from identification_rules');
    expect(await readIdentificationRules(database)).toBeNull();
    const definition = { order: ['vm-id'], off: [] };
    expect(await putIdentificationRules(database, definition)).toBe('created');
    expect(await putIdentificationRules(database, { off: [], order: ['vm-id'] })).toBe('unchanged');
    expect(await putIdentificationRules(database, { ...definition, off: ['bios-uuid'] })).toBe('changed');
    expect(await readIdentificationRules(database)).toMatchObject({ definition: { order: ['vm-id'], off: ['bios-uuid'] } });
    await database.query('delete from identification_rules');
  });
}
