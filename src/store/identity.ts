// Identities as they are read: assets that are tied by keys they share now (decision 57). What is stored are the keys; they are written with their records' pages.
// MUST go by index whatever the planner thinks (`offset 0`), and read no more assets than it is allowed to: a key may be everybody's.
import type { AssetClass } from '../model.ts';
import type { Database } from './database.ts';
import { byIndex } from './found.ts';
import { texts } from './params.ts';

export interface AssetPlace {
  readonly connection: string;
  readonly stream: string;
  readonly id: string;
}

/** An asset that is listed, with those of its keys by which it was found. */
interface TiedAsset extends AssetPlace {
  readonly num: number;
  readonly class: AssetClass;
  readonly keys: readonly { readonly rule: string; readonly key: string }[];
}

export interface Tied {
  readonly assets: readonly TiedAsset[];
  /** Whether these are all; else those that are reached first. */
  readonly complete: boolean;
}

/** Assets that are looked at besides those asked for. */
export const tiedAtMost = 1_000;

/**
 * The assets of these that are listed and have keys by these rules, all that are tied to them by keys, and for each key that two assets of one connection
 * have, which ties nothing, some that have it. In one statement.
 */
export async function readTied(
  database: Database,
  places: readonly AssetPlace[],
  by: {
    readonly rules: readonly string[];
    /** Rules that connections have switched off for their own assets. */
    readonly off: readonly { readonly connection: string; readonly rule: string }[];
  },
): Promise<Tied> {
  if (places.length === 0) return { assets: [], complete: true };
  const most = places.length + tiedAtMost;
  const [rows = []] = await byIndex<TiedRow>(database, [
    {
      sql: tiedSql,
      params: [
        texts(places.map(({ connection }) => connection)),
        texts(places.map(({ stream }) => stream)),
        texts(places.map(({ id }) => id)),
        texts(by.rules),
        texts(by.off.map(({ connection, rule }) => inForce(connection, rule))),
        most,
      ],
    },
  ]);
  const assets = new Map<number, TiedAsset & { readonly keys: { rule: string; key: string }[] }>();
  for (const { reached: _, rule, key, ...place } of rows) {
    const known = assets.get(place.num);
    if (known === undefined) assets.set(place.num, { ...place, keys: [{ rule, key }] });
    else known.keys.push({ rule, key });
  }
  return { assets: [...assets.values()], complete: (rows[0]?.reached ?? 0) <= most };
}

interface TiedRow extends AssetPlace {
  readonly num: number;
  readonly class: AssetClass;
  readonly rule: string;
  readonly key: string;
  /** How many were reached, one more than is allowed at most. */
  readonly reached: number;
}

/** How a rule of a connection is named in $5. No name holds a blank. */
const inForce = (connection: string, rule: string): string => `${connection} ${rule}`;
const isOn = (connection: string, rule: string): string => `${connection} || ' ' || ${rule} <> all ($5::text[])`;

/** The keys `k` of the asset `t`, by the rules that are on for its connection. */
const keysSql = `cross join lateral (
    select rule, key from identity_key where num = t.num and rule = any ($4::text[]) and ${isOn('t.connection', 'rule')} offset 0
  ) k`;

/**
 * Some listed assets `h` with the key `k`: of those of one connection, which it tells apart, there are two among so many where there are any. Where there are
 * none, these are all.
 */
const holdersSql = `select o.num, r.connection from identity_key o
    cross join lateral (select connection from record where num = o.num and tombstoned_at is null offset 0) r
    cross join lateral (select from asset where num = o.num and not excluded offset 0) a
    where o.rule = k.rule and o.key = k.key and ${isOn('r.connection', 'o.rule')}
    order by o.num limit (select count(distinct connection) + 1 from place)`;

const tiedSql = `with recursive reached (num, connection) as (
    select t.num, t.connection from unnest($1::text[], $2::text[], $3::text[]) as s (connection, stream, id)
    cross join lateral (
      select num, connection from record where connection = s.connection and stream = s.stream and id = s.id and tombstoned_at is null offset 0
    ) t
    cross join lateral (select from asset where num = t.num and not excluded offset 0) a
    ${keysSql}
    union
    select h.num, h.connection from reached t
    ${keysSql}
    cross join lateral (
      select unnest(nums) as num, unnest(connections) as connection from (
        select array_agg(h.num) as nums, array_agg(h.connection) as connections from (${holdersSql}) h
        having count(*) = count(distinct h.connection)
      ) one
    ) h
  ), near as materialized (
    select num, connection from reached limit $6 + 1
  ), keys as materialized (
    select distinct k.rule, k.key from near t ${keysSql}
  ), held as (
    select h.num, k.rule, k.key from keys k cross join lateral (${holdersSql}) h
    union
    select t.num, k.rule, k.key from near t ${keysSql}
  )
  select r.connection, r.stream, r.id, r.num, a.class, h.rule, h.key, (select count(*) from near) as reached
  from held h
  cross join lateral (select num, connection, stream, id from record where num = h.num offset 0) r
  cross join lateral (select class from asset where num = h.num offset 0) a
  order by r.connection, r.stream, r.id, h.rule, h.key`;
