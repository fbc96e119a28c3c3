// A large inventory without a source: records made by number, their documents by the built-in maps, in the real schema. Tenants in turn, so that
// every connection has its share of what a search finds.
import { compiledMap } from '../../src/mappings/maps/index.ts';
import type { JsonObject } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import { bigints, lines, listed, texts } from '../../src/store/params.ts';

const tenants = 10;
const atOnce = 5_000;
const jobTitles = ['Nurse', 'Doctor', 'Clerk', 'Cook', 'Driver', 'Porter', 'Analyst', 'Engineer'];
const firstNames = ['Ana', 'Ben', 'Chen', 'Dora', 'Emil', 'Fay', 'Gus', 'Hana'];

/** Of each hundred assets of a tenant. */
const shares = { users: 65, devices: 30, groups: 5 } as const;
type Stream = keyof typeof shares | 'roles';

const rolesOfTenant = 100;
export const idOf = (stream: Stream, n: number): string =>
  `${hex(n * 2_654_435_761, 8)}-0000-4000-8000-${hex(n, 11)}${stream === 'devices' ? 'd' : stream[0]}`;
export const nameOf = (n: number): string => `${firstNames[n % 8] ?? ''}-${hex(n * 40_503, 8)}`;
export const principalOf = (n: number): string => `${nameOf(n)}@contoso.example`;

const hex = (n: number, digits: number): string => (n % 16 ** digits).toString(16).padStart(digits, '0');

const bodies: Readonly<Record<Stream, { readonly map: string; readonly body: (n: number) => JsonObject }>> = {
  users: {
    map: 'entra-identity/users',
    body: (n) => ({
      displayName: nameOf(n),
      userPrincipalName: principalOf(n),
      // One in fifty has another address.
      mail: n % 50 === 0 ? `mail-${hex(n, 8)}@fabrikam.example` : principalOf(n),
      // One in ten is disabled; of one in 50,000 the source does not say.
      ...(n % 50_000 === 7 ? {} : { accountEnabled: n % 10 !== 0 }),
      givenName: firstNames[n % 8] ?? '',
      surname: `Surname ${n % 5_000}`,
      jobTitle: jobTitles[n % 8] ?? '',
      mobilePhone: `+1 555 ${n}`,
      city: `City ${n % 300}`,
      country: 'NL',
      lastPasswordChangeDateTime: '2026-03-01T10:00:00Z',
    }),
  },
  devices: {
    map: 'entra-devices/devices',
    body: (n) => ({
      displayName: `host-${hex(n * 40_503, 8)}`,
      deviceId: idOf('devices', n),
      operatingSystem: 'Windows',
      operatingSystemVersion: '10.0',
      isCompliant: true,
      isManaged: true,
    }),
  },
  groups: { map: 'entra-identity/groups', body: (n) => ({ displayName: groupName(n), description: `Group ${n}`, visibility: 'Private' }) },
  roles: { map: 'entra-identity/roles', body: (n) => ({ displayName: `Role ${n}`, description: 'A role', isEnabled: true }) },
};

export const groupName = (n: number): string => `Ward ${n}`;

/** How many of each stream a tenant has. */
export function sizesOf(assets: number): Readonly<Record<Stream, number>> {
  const share = (part: number): number => Math.round((assets * part) / 100 / tenants);
  return { users: share(shares.users), devices: share(shares.devices), groups: share(shares.groups), roles: rolesOfTenant };
}

/** Each user is a member of one group, so that a group has thirteen. Nine in ten were last changed 90 days ago, the rest just now or in between. */
export async function fillInventory(database: Database, assets: number, note: (line: string) => void): Promise<void> {
  const sizes = sizesOf(assets);
  let num = 0;
  for (let tenant = 0; tenant < tenants; tenant += 1) {
    for (const stream of ['groups', 'roles', 'users', 'devices'] as const) {
      const connection = `${stream === 'devices' ? 'devices' : 'identity'}-${tenant}`;
      const connector = stream === 'devices' ? 'entra-devices' : 'entra-identity';
      await database.query(`insert into connection (name, spec, spec_hash) values ($1, $2, '') on conflict do nothing`, [
        connection,
        JSON.stringify({ connector }),
      ]);
      for (let from = 0; from < sizes[stream]; from += atOnce) {
        const count = Math.min(atOnce, sizes[stream] - from);
        await insert(database, { connection, stream, num, first: tenant * sizes[stream] + from, count });
        if (stream === 'users') await join(database, connection, sizes.groups, tenant, tenant * sizes.users + from, count);
        num += count;
      }
    }
    note(`${num} assets are stored.`);
  }
}

interface Slice {
  readonly connection: string;
  readonly stream: Stream;
  readonly num: number;
  readonly first: number;
  readonly count: number;
}

async function insert(database: Database, { connection, stream, num, first, count }: Slice): Promise<void> {
  const { map, body } = bodies[stream];
  const compiled = compiledMap(map);
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const records = numbers.map((n) => ({ id: idOf(stream, n), ...body(n) }));
  const nums = bigints(numbers.map((_, index) => num + index));
  await database.batch([
    {
      sql: `insert into record (connection, stream, num, id, body, hash, changed_run, last_changed)
        select $1, $2, num, id, body::jsonb, repeat('0', 64), 1,
          now() - interval '90 days' * (case when num % 10 = 0 then (num % 1000) / 1000.0 else 1 end)
        from unnest($3::bigint[], $4::text[], ${listed('$5')}) as t (num, id, body)`,
      params: [connection, stream, nums, texts(records.map(({ id }) => id)), lines(records.map((record) => JSON.stringify(record)))],
    },
    {
      sql: `insert into asset (num, class, document, hash, map_hash)
        select num, $2, document::jsonb, repeat('0', 64), repeat('0', 64) from unnest($1::bigint[], ${listed('$3')}) as t (num, document)`,
      params: [nums, compiled.map.class, lines(records.map((record) => JSON.stringify(compiled.document(record))))],
    },
  ]);
}

async function join(database: Database, connection: string, groups: number, tenant: number, first: number, count: number): Promise<void> {
  const users = Array.from({ length: count }, (_, index) => first + index);
  await database.query(
    `insert into edge (connection, stream, num, kind, from_id, to_id, key)
     select $1, 'groups', nextval('edge_num'), 'member', t.from_id, t.to_id, '' from unnest($2::text[], $3::text[]) as t (from_id, to_id)`,
    [connection, texts(users.map((n) => idOf('groups', tenant * groups + (n % groups)))), texts(users.map((n) => idOf('users', n)))],
  );
}
