// Transform maps of the users' own: stored, read with the connections that name them, and kept as long as one does.
import { deleteConnection, getConnection, putConnection } from '../../../src/store/connection.ts';
import { deleteMap, listMaps, putMap } from '../../../src/store/map.ts';
import type { StartedStore } from '../../support/stores.ts';

const using = (map: string) => ({ profiles: [{ maps: {} }, { maps: { users: map, groups: 'entra-identity/groups' } }] });

export function mapsContract(store: () => StartedStore): void {
  test('a map is created, changed, and unchanged by the same definition', async () => {
    const { database } = store();
    expect(await putMap(database, { name: 'mine', definition: { rows: [{ to: 'a', from: 'b' }] } })).toBe('created');
    expect(await putMap(database, { name: 'mine', definition: { rows: [{ from: 'b', to: 'a' }] } })).toBe('unchanged');
    expect(await putMap(database, { name: 'mine', definition: { rows: [] } })).toBe('changed');
    expect((await listMaps(database)).filter(({ name }) => name === 'mine')).toMatchObject([{ definition: { rows: [] } }]);
    await expect(putMap(database, { name: 'Mine', definition: {} })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'There is a transform map "mine" already; names are one without regard to case.',
    });
  });

  test('a connection is read with the maps that its profiles name, as they are now', async () => {
    const { database } = store();
    await putMap(database, { name: 'read', definition: { version: 1 } });
    await putMap(database, { name: 'unread', definition: {} });
    await putConnection(database, { name: 'reads-maps', spec: using('read'), specHash: 'h', maps: ['read'] });
    expect((await getConnection(database, 'reads-maps'))?.spec).toEqual({ ...using('read'), customMaps: { read: { version: 1 } } });
    await putMap(database, { name: 'read', definition: { version: 2 } });
    expect((await getConnection(database, 'reads-maps'))?.spec).toMatchObject({ customMaps: { read: { version: 2 } } });
    await putConnection(database, { name: 'reads-none', spec: using('entra-identity/users'), specHash: 'h' });
    expect((await getConnection(database, 'reads-none'))?.spec).toEqual(using('entra-identity/users'));
  });

  test('a map in use cannot be deleted', async () => {
    const { database } = store();
    await putMap(database, { name: 'used', definition: {} });
    await putConnection(database, { name: 'uses', spec: using('used'), specHash: 'h', maps: ['used'] });
    expect(await deleteMap(database, 'used')).toEqual({ outcome: 'used', by: ['uses'] });
    await deleteConnection(database, 'uses', { purge: false });
    expect(await deleteMap(database, 'used')).toEqual({ outcome: 'deleted' });
    expect(await deleteMap(database, 'used')).toEqual({ outcome: 'none' });
  });

  test('a connection that names a map which is not there is refused, and nothing is stored', async () => {
    const { database } = store();
    const put = putConnection(database, { name: 'lacks-map', spec: using('gone'), specHash: 'h', maps: ['gone'] });
    await expect(put).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: 'There is no transform map "gone".' });
    expect(await getConnection(database, 'lacks-map')).toBeNull();
  });
}
