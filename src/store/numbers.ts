// Numbers for what is not stored yet: a record and an edge are known by one from their first page on.
import type { Database } from './database.ts';

/** So many of each, given to nobody else. Those that are not used are lost. */
export async function newNumbers(
  database: Database,
  wanted: { readonly records: number; readonly edges: number },
): Promise<{ readonly records: readonly number[]; readonly edges: readonly number[] }> {
  if (wanted.records + wanted.edges === 0) return { records: [], edges: [] };
  const of = (sequence: string, parameter: string): string =>
    `array_to_string(array(select nextval('${sequence}') from generate_series(1, ${parameter})), ',')`;
  const [, [row] = []] = await database.batch<{ records: string; edges: string }>([
    notFlushed,
    {
      sql: `select ${of('record_num', '$1::bigint')} as records, ${of('edge_num', '$2::bigint')} as edges`,
      params: [wanted.records, wanted.edges],
    },
  ]);
  return { records: numbersIn(row?.records), edges: numbersIn(row?.edges) };
}

/** Numbers need no flush of their own: the page that uses them brings it. */
export const notFlushed = { sql: 'set local synchronous_commit = off', params: [] };

const numbersIn = (list: string | undefined): number[] => (list === undefined || list === '' ? [] : list.split(',').map(Number));
