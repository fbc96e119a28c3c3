// How credentials fare: one row a reference, written when something changes; the end is asked for once a day and warned of once a threshold.
import { claimLook, claimWarning, readCredentials, recordCredential, recordExpiry } from '../../../src/store/credential.ts';
import { deleteConnection, putConnection } from '../../../src/store/connection.ts';
import { readStandings } from '../../../src/store/standing.ts';
import { newConnection } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const works = { state: 'works', aadsts: null, reason: null } as const;
const refused = { state: 'refused', aadsts: 7_000_215, reason: null } as const;

export function credentialsContract(store: () => StartedStore): void {
  test('the same seen again writes nothing; another state has a new since, and is news', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const of = { connection, reference: 'secret:a', ...works };
    expect(await recordCredential(database, of, ['secret:a'])).toBe(true);
    const [first] = await readCredentials(database, connection);
    expect(first).toMatchObject({ ...of, inUse: true, expiresAt: null, unknown: null, lookedAt: null });
    expect(await recordCredential(database, of, ['secret:a'])).toBe(false);
    expect(await readCredentials(database, connection)).toEqual([first]);
    expect(await recordCredential(database, { ...of, ...refused }, ['secret:a'])).toBe(true);
    const [then] = await readCredentials(database, connection);
    expect(then).toMatchObject({ ...refused, inUse: false });
    expect(Date.parse(then!.since)).toBeGreaterThanOrEqual(Date.parse(first!.since));
  });

  test('one is in use; a reference that the connection has no longer is forgotten', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const references = ['secret:new', 'secret:old'];
    await recordCredential(database, { connection, reference: 'secret:new', ...refused }, references);
    await recordCredential(database, { connection, reference: 'secret:old', ...works }, references);
    const used = async () => (await readCredentials(database, connection)).map(({ reference, inUse }) => [reference, inUse]);
    expect(await used()).toEqual([
      ['secret:new', false],
      ['secret:old', true],
    ]);
    await recordCredential(database, { connection, reference: 'secret:new', ...works }, references);
    expect(await used()).toEqual([
      ['secret:new', true],
      ['secret:old', false],
    ]);
    await recordCredential(database, { connection, reference: 'secret:new', ...works }, ['secret:new']);
    expect(await used()).toEqual([['secret:new', true]]);
  });

  test('nothing is recorded of a connection that is not there, and deleting one forgets its credentials', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const of = { reference: 'secret:a', ...works };
    expect(await recordCredential(database, { connection: 'nobody', ...of }, ['secret:a'])).toBe(false);
    await recordCredential(database, { connection, ...of }, ['secret:a']);
    await deleteConnection(database, connection, { purge: false });
    expect(await recordCredential(database, { connection, ...of }, ['secret:a'])).toBe(false);
    await putConnection(database, { name: connection, spec: {}, specHash: 'again' });
    expect(await readCredentials(database, connection)).toEqual([]);
  });

  test('the end is asked for once a day and connection, and for another value at once', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const references = ['secret:a', 'secret:b'];
    for (const reference of references) await recordCredential(database, { connection, reference, ...works }, references);
    const look = (reference: string, changed = false) => claimLook(database, { connection, reference, changed });
    expect([await look('secret:a'), await look('secret:a'), await look('secret:b')]).toEqual([true, false, false]);
    expect(await look('secret:b', true)).toBe(true);
    await database.query(`update credential set looked_at = looked_at - interval '25 h' where connection = $1`, [connection]);
    expect(await look('secret:a')).toBe(true);
  });

  test('each threshold is warned of once, none after a nearer one, and all anew for another end', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const of = { connection, reference: 'secret:a' };
    await recordCredential(database, { ...of, ...works }, ['secret:a']);
    const warn = (threshold: number) => claimWarning(database, { ...of, threshold });
    await recordExpiry(database, { ...of, expiresAt: '2026-12-01T00:00:00.000Z', unknown: null });
    expect([await warn(30), await warn(30), await warn(7), await warn(30), await warn(1), await warn(0)]).toEqual([
      true,
      false,
      true,
      false,
      true,
      true,
    ]);
    await recordExpiry(database, { ...of, expiresAt: '2026-12-01T00:00:00.000Z', unknown: null });
    expect(await warn(1)).toBe(false);
    await recordExpiry(database, { ...of, expiresAt: '2027-12-01T00:00:00.000Z', unknown: null });
    expect(await warn(30)).toBe(true);
    await recordExpiry(database, { ...of, expiresAt: null, unknown: 'not told' });
    expect((await readCredentials(database, connection))[0]).toMatchObject({ expiresAt: null, unknown: 'not told' });
  });

  test('the gauge has the seconds of the one in use, and nothing where they are not known', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const of = { connection, reference: 'secret:a' };
    const seconds = async () => (await readStandings(database)).find((row) => row.connection === connection)!.secretExpires;
    expect(await seconds()).toBeNull();
    await recordCredential(database, { ...of, ...works }, ['secret:a']);
    expect(await seconds()).toBeNull();
    await recordExpiry(database, { ...of, expiresAt: new Date(Date.now() + 3_600_000).toISOString(), unknown: null });
    expect(await seconds()).toBeGreaterThan(3_500);
    expect(await seconds()).toBeLessThan(3_601);
    await recordExpiry(database, { ...of, expiresAt: new Date(Date.now() - 1000).toISOString(), unknown: null });
    expect(await seconds()).toBe(0);
  });
}
