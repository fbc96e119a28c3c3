// The events of documents that relations decide: what makes them due, what they are, and that a slice may be gone through again.
import type { Database } from '../../../src/store/database.ts';
import { writeEvents } from '../../../src/store/event.ts';
import { changesSince, type EventStream, makeAllDue, makeChangedDue, nextDue, readEventMark } from '../../../src/store/eventDue.ts';
import { drive, type DrivenRun, newConnection, type Told } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const parts = { properties: ['name'], table: {}, constant: 'c', events: true };
const idle = (): void => undefined;

/** A run of users and groups with these pages, settled; its events are not noted yet. */
async function settled(
  database: Database,
  connection: string,
  told: { readonly users?: Told; readonly groups?: Told },
): Promise<DrivenRun> {
  const run = await drive(database, { connection, mode: 'delta' });
  for (const stream of ['users', 'groups'] as const) {
    await run.walk(stream);
    await run.page(stream, told[stream] ?? {});
    await run.end(stream);
    await run.settle(stream);
  }
  return run;
}

const streamOf = (run: DrivenRun, nested = false): EventStream => ({
  run: run.run,
  connection: run.connection,
  stream: 'users',
  edge: 'member',
  from: 'groups',
  nested,
});

/** Notes the events of a settled run and ends it; answers what became of which document in it. */
async function noted(database: Database, run: DrivenRun, nested = false): Promise<Record<string, string>> {
  const of = streamOf(run, nested);
  const mark = await readEventMark(database, run.connection);
  if (mark === null) await makeAllDue(database, of, 'made of', idle);
  else await makeChangedDue(database, of, mark);
  for (let due = await nextDue(database, run.connection); due !== null; due = await nextDue(database, run.connection))
    await writeEvents(database, of, parts, due);
  await run.finish();
  const rows = await database.query<{ id: string; kind: string }>(
    `select r.id, v.kind from document_event v join record r on r.num = v.num where v.connection = $1 and v.run = $2`,
    [run.connection, run.run],
  );
  return Object.fromEntries(rows.map(({ id, kind }) => [id, kind]));
}

export function eventsContract(store: () => StartedStore): void {
  test('a document is created by its first edge, updated by what it says, deleted with its last edge, and by nothing else', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const after = async (told: Parameters<typeof settled>[2]): Promise<Record<string, string>> =>
      noted(database, await settled(database, connection, told));
    const users = { objects: { ana: { n: 1 }, bo: { n: 1 }, cy: {} } };
    const groups = {
      objects: { g1: { name: 'One' }, g2: { name: 'Two' } },
      edges: [
        ['g1', 'ana'],
        ['g2', 'ana'],
        ['g1', 'bo'],
      ],
    } as const;
    expect(await after({ users, groups })).toEqual({ ana: 'CREATED', bo: 'CREATED' });
    expect(await after({})).toEqual({});
    expect(await after({ users: { objects: { ana: { n: 2 } } } })).toEqual({ ana: 'UPDATED' });
    expect(await after({ users: { objects: { cy: { n: 2 } } } })).toEqual({});
    expect(await after({ groups: { objects: { g1: { name: 'Uno' } } } })).toEqual({ ana: 'UPDATED', bo: 'UPDATED' });
    expect(await after({ groups: { objects: { g1: { name: 'Uno', unread: 1 } } } })).toEqual({});
    expect(
      await after({
        groups: {
          goneEdges: [
            ['g1', 'ana'],
            ['g1', 'bo'],
          ],
        },
      }),
    ).toEqual({ ana: 'UPDATED', bo: 'DELETED' });
    expect(await after({ groups: { edges: [['g2', 'bo']], gone: ['g1'] } })).toEqual({ bo: 'CREATED' });
    expect(await after({ users: { gone: ['ana'] } })).toEqual({ ana: 'DELETED' });
    expect(await after({ users: { objects: { ana: { n: 2 } } }, groups: { gone: ['g2'] } })).toEqual({ bo: 'DELETED' });
  });

  test('edges that lead on are followed from a change down, whatever circles they make', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const after = async (told: Parameters<typeof settled>[2]): Promise<Record<string, string>> =>
      noted(database, await settled(database, connection, told), true);
    const users = { objects: { ana: {}, bo: {} } };
    const edges = [
      ['g1', 'g2'],
      ['g2', 'g3'],
      ['g3', 'g1'],
      ['g3', 'ana'],
    ] as const;
    expect(await after({ users, groups: { objects: { g1: { name: '1' }, g2: {}, g3: {} }, edges } })).toEqual({ ana: 'CREATED' });
    expect(await after({ groups: { objects: { g1: { name: 'one' } } } })).toEqual({ ana: 'UPDATED' });
    expect(await after({ groups: { goneEdges: [['g1', 'g2']] } })).toEqual({ ana: 'UPDATED' });
    expect(await after({ groups: { gone: ['g3'] } })).toEqual({ ana: 'DELETED' });
  });

  test('a slice that is gone through again, and one that another run has overtaken, write nothing', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await settled(database, connection, {
      users: { objects: { ana: {} } },
      groups: { objects: { g: {} }, edges: [['g', 'ana']] },
    });
    const of = streamOf(run);
    await makeAllDue(database, of, 'made of', idle);
    await makeAllDue(database, of, 'made of', idle);
    const due = (await nextDue(database, connection))!;
    await writeEvents(database, of, parts, due);
    const events = (): Promise<object[]> => database.query('select * from document_event where connection = $1', [connection]);
    const [before] = await events();
    await writeEvents(database, of, parts, due);
    expect([await events(), await nextDue(database, connection)]).toEqual([[before], null]);
    await makeAllDue(database, of, 'made of', idle);
    await drive(database, { connection });
    const again = (await nextDue(database, connection))!;
    await expect(writeEvents(database, of, { ...parts, constant: 'other' }, again)).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect([await events(), await nextDue(database, connection)]).toEqual([[before], again]);
  });

  test('changes are told from none, and edges that are lost are noted only where events are', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const other = await newConnection(database);
    const told = { users: { objects: { ana: {} } }, groups: { objects: { g: {} }, edges: [['g', 'ana']] } } as const;
    await noted(database, await settled(database, connection, told));
    await (await settled(database, other, told)).finish();
    const lost = { groups: { goneEdges: [['g', 'ana']] } } as const;
    await (await settled(database, other, lost)).finish();
    const run = await settled(database, connection, lost);
    const mark = (await readEventMark(database, connection))!;
    expect(await changesSince(database, streamOf(run), mark)).toBe('some');
    expect(
      await database.query('select connection, unnest(to_ids) as id from edge_lost where connection = any ($1)', [[connection, other]]),
    ).toEqual([{ connection, id: 'ana' }]);
    expect(await noted(database, run)).toEqual({ ana: 'DELETED' });
    const quiet = await settled(database, connection, {});
    expect(await changesSince(database, streamOf(quiet), (await readEventMark(database, connection))!)).toBe('none');
    await quiet.finish();
    // What ran since the mark and is forgotten may have changed anything.
    const [row] = await database.query<{ run: number }>('select run from change_horizon');
    await database.query('update change_horizon set run = $1', [quiet.run]);
    const later = await settled(database, connection, {});
    const since = (last: number) => changesSince(database, streamOf(later), { run: last, madeOf: 'made of' });
    expect([await since(run.run), await since(quiet.run)]).toEqual(['many', 'none']);
    await database.query('update change_horizon set run = $1', [row?.run ?? 0]);
    await later.finish();
  });
}
