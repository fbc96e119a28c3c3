// PGlite behind its socket: turns of many clients, transactions that are kept, left open or idle, and what is no PostgreSQL client.
import { connect } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { startPglite, type TestPglite } from '../support/pglite.ts';

let server: TestPglite;
let directory: string;
let early: pg.Client;
const clients: pg.Client[] = [];

beforeAll(async () => {
  server = await startPglite();
  directory = decodeURIComponent(/host=([^&]+)/.exec(server.url)?.[1] ?? '');
  early = await client();
  clients.pop();
  await early.query('create table item (id int primary key)');
}, 90_000);

afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.end().catch(() => undefined)));
});

afterAll(async () => {
  await early.end();
  await server.stop();
});

async function client(): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: server.url });
  made.on('error', () => undefined);
  clients.push(made);
  await made.connect();
  return made;
}

const idsOf = async (of: pg.Client): Promise<number[]> =>
  (await of.query<{ id: number }>('select id from item order by id')).rows.map(({ id }) => id);

test('statements of many clients keep to their own parameters, also in messages that come in pieces', async () => {
  const wide = 'x'.repeat(300_000);
  const one = async (number: number): Promise<void> => {
    const own = await client();
    for (let round = 0; round < 25; round += 1) {
      const asked =
        number % 2 === 0 ? own.query('select $1::int as a, $2::text as b', [round, wide]) : own.query('select $1::int as a', [round]);
      expect((await asked).rows[0]).toMatchObject({ a: round });
    }
  };
  await Promise.all(Array.from({ length: 6 }, (_, number) => one(number)));
});

test('a transaction is not mixed with what others do', async () => {
  const [holder, other] = [await client(), await client()];
  await holder.query('begin');
  await holder.query('insert into item values (1)');
  const seen = idsOf(other);
  await holder.query('rollback');
  expect(await seen).toEqual([]);
});

test('an error is answered to its own client, and the next statement works', async () => {
  const [one, other] = [await client(), await client()];
  const failed = one.query('select $1::int / 0', [1]);
  const fine = other.query('select 2 as two');
  await expect(failed).rejects.toMatchObject({ code: '22012' });
  expect((await fine).rows).toEqual([{ two: 2 }]);
  expect((await one.query('select 3 as three')).rows).toEqual([{ three: 3 }]);
});

test('what a client that goes away left open is rolled back', async () => {
  const [leaving, staying] = [await client(), await client()];
  await leaving.query('begin');
  await leaving.query('insert into item values (2)');
  const seen = idsOf(staying);
  await leaving.end();
  expect(await seen).toEqual([]);
});

test('so is a transaction that had an error', async () => {
  const [leaving, staying] = [await client(), await client()];
  await leaving.query('begin');
  await expect(leaving.query('select nothing')).rejects.toThrow('nothing');
  const seen = idsOf(staying);
  await leaving.end();
  expect(await seen).toEqual([]);
});

test('a client that keeps its transaction idle is dropped, and others go on', async () => {
  const [idle, other] = [await client(), await client()];
  const dropped = new Promise((resolve) => idle.once('end', resolve));
  await idle.query('begin');
  await idle.query('insert into item values (3)');
  expect(await idsOf(other)).toEqual([]);
  await dropped;
});

test('a client that was idle all the while without a transaction is left alone', async () => {
  expect(await idsOf(early)).toEqual([]);
});

test.each([
  ['nonsense', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a length below zero', Buffer.from([255, 255, 255, 255, 0, 3, 0, 0])],
])('%s is hung up on', async (_what, bytes) => {
  const socket = connect(path.join(directory, '.s.PGSQL.5432'));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await closed;
  expect(await idsOf(await client())).toEqual([]);
});
