// How a search gets to its assets: by the index that leads to fewest, or through the places where records are, in order of connection, stream and id.
// MUST go by index whatever the planner thinks of it: of a table that grows, what it knows is always old.
import type { Database, Parameter, Statement } from './database.ts';
import { escaped } from './params.ts';

export interface Place {
  readonly connection: string;
  readonly stream: string;
}

export interface Hits {
  /** Numbers of records, each once. */
  readonly nums: readonly string[];
  /** Whether these are all: else they are some that the index has first. */
  readonly complete: boolean;
}

/** From the way that leads to fewest, so many at most; null: all, from the first way. */
export async function hitsOf(database: Database, ways: readonly Statement[], most: number | null): Promise<Hits> {
  if (ways.length === 0) return { nums: [], complete: false };
  const counted = await byIndex<{ readonly count: number; readonly nums: string | null }>(
    database,
    ways.slice(0, most === null ? 1 : ways.length).map(({ sql, params }) => ({
      sql: `select count(*) as count, string_agg(distinct num::text, ',') as nums
        from (select num from (${sql}) w limit ${most === null ? 'all' : most + 1}) w`,
      params,
    })),
  );
  const [best] = counted.flat().sort((one, other) => one.count - other.count);
  return { nums: best?.nums?.split(',') ?? [], complete: most === null || (best?.count ?? 0) <= most };
}

/** The numbers in the order of a search. */
export async function inOrder(database: Database, nums: readonly string[]): Promise<string[]> {
  const [[row] = []] = await byIndex<{ readonly nums: string | null }>(database, [
    {
      sql: `select string_agg(r.num::text, ',' order by r.connection, r.stream, r.id) as nums
        from unnest($1::bigint[]) n (num) cross join lateral (select * from record where num = n.num offset 0) r`,
      params: [`{${nums.join(',')}}`],
    },
  ]);
  return row?.nums?.split(',') ?? [];
}

/** Where records are that this condition over r.connection and r.stream lets in, in order. */
export async function readPlaces(database: Database, { sql, params }: Statement): Promise<Place[]> {
  const [rows = []] = await byIndex<Place>(database, [
    { sql: `select r.connection, r.stream from place r where ${sql} order by r.connection, r.stream`, params },
  ]);
  return rows;
}

/** Runs statements one after another, planned for the indexes there are. */
export async function byIndex<T extends object>(database: Database, statements: readonly Statement[]): Promise<T[][]> {
  const [, ...rows] = await database.batch<T>([
    // A bitmap is made of all that the index has, also where the first of it are enough.
    { sql: `select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`, params: [] },
    ...statements.map(({ sql, params }) => ({ sql, params: params.map((value: Parameter) => escaped(value)) })),
  ]);
  return rows;
}
