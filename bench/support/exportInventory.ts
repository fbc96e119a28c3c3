// A connection of identity-manager with many records and edges, and no source: made in the database by number, with the rows that runs leave behind.
import { completeSpec } from '../../src/connectors/complete.ts';
import { connectionInput } from '../../src/connectors/input.ts';
import { appliedSpec, type ConnectionSpec } from '../../src/connectors/spec.ts';
import type { Database } from '../../src/store/database.ts';

const name = 'export';

/** Of each hundred rows of its files. */
const shares = { users: 60, groups: 2 } as const;

export function exportSpec(): ConnectionSpec {
  const input = connectionInput.parse({
    name,
    connector: 'identity-manager',
    credentials: {
      tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
      clientId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
      clientSecret: 'env:TIDEMARK_SECRET_BENCH',
    },
    settings: {
      attributes: ['accountEnabled', 'id', 'mail', 'displayName', 'department', 'proxyAddresses'],
      entityTypes: ['user', 'group'],
    },
    profiles: [{ name: 'default' }],
  });
  const { spec } = completeSpec(input, { now: new Date(), previous: null, maps: null, ca: null });
  if (spec === null) throw new Error('The connection is not valid.');
  return spec;
}

/** Users and groups, each user in one group or none: so many rows in all. */
export async function fillExport(database: Database, rows: number): Promise<void> {
  const [users, groups] = [Math.round((rows * shares.users) / 100), Math.round((rows * shares.groups) / 100)];
  const edges = rows - users - groups;
  await database.query('insert into connection (name, spec, spec_hash, fence) values ($1, $2, $3, 1)', [
    name,
    JSON.stringify(appliedSpec(exportSpec())),
    '',
  ]);
  await addRun(database, 1);
  for (const [stream, count, first] of [
    ['users', users, 0],
    ['groups', groups, users],
  ] as const) {
    await inSlices(count, (from, to) =>
      database.query(
        `insert into record (connection, stream, num, id, body, hash, changed_run)
         select '${name}', $1::text, $2::bigint + n, ${idOf('n', '$1::text')}, jsonb_build_object('id', ${idOf('n', '$1::text')}, 'accountEnabled', n % 10 <> 0, 'mail', 'person' || n || '@contoso.example',
           'displayName', 'Person, number ' || n, 'department', 'Ward ' || n % 50, 'proxyAddresses', jsonb_build_array('smtp:p' || n || '@contoso.example', 'SMTP:person' || n || '@contoso.example')),
           repeat('0', 64), 1
         from generate_series($3::bigint, $4::bigint) n`,
        [stream, first, from, to],
      ),
    );
    await database.query(
      `insert into cursor (connection, stream, link, received_at, last_full_at) values ('${name}', $1::text, 'https://graph.example/delta?$deltatoken=' || $1::text, now(), now())`,
      [stream],
    );
  }
  await inSlices(edges, (from, to) =>
    database.query(
      `insert into edge (connection, stream, num, kind, from_id, to_id, key, properties)
       select '${name}', 'groups', n, 'member', ${idOf('(n % $3::bigint)', `'groups'`)}, ${idOf('n', `'users'`)}, '', '{"@odata.type":"#microsoft.graph.user"}'
       from generate_series($1::bigint, $2::bigint) n`,
      [from, to, groups],
    ),
  );
  await database.query(`insert into tally (connection, stream, kind, live) values ('${name}', 'groups', 'member', $1)`, [edges]);
}

/** A run that changed so many users. */
export async function changeUsers(database: Database, run: number, count: number): Promise<void> {
  await addRun(database, run);
  await database.query(`update connection set fence = $1 where name = '${name}'`, [run]);
  await database.query(
    `insert into run_change (run, stream, kind, change, nums) select $1, 'users', 'record', 'updated', array(select generate_series(0, $2::bigint - 1))`,
    [run, count],
  );
}

async function addRun(database: Database, run: number): Promise<void> {
  await database.query(
    `insert into run (run, connection, profile, request_id, trigger, nominal_at, finished_at, revision, spec, streams, mode, verdict)
     values ($1, '${name}', 'default', 'run ' || $2, 'manual', now(), now(), 1, '{}', '[]', 'delta', 'complete')`,
    [run, String(run)],
  );
}

const sliceRows = 100_000;

async function inSlices(count: number, write: (from: number, to: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += sliceRows) await write(from, Math.min(from + sliceRows, count) - 1);
}

/** Spread as ids of a directory are. */
const idOf = (n: string, stream: string): string => `md5(${stream} || ${n})::uuid::text`;
