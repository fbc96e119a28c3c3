// One finding with all that is said of it, for who asks why it is what it is. Reads a few rows by their keys.
import type { AssetClass, FindingStatus, JsonObject } from '../model.ts';
import type { Database } from './database.ts';

export interface FindingPlace {
  readonly connection: string;
  /** The record that shows the finding. */
  readonly num: number;
  readonly statusSince: string;
  /** What that record says of the flaw now; null: it tells another one, or none any more. */
  readonly told: JsonObject | null;
}

/** Where findings of this key are, by connection; a deleted connection's too. */
export function findingPlaces(database: Database, key: string): Promise<FindingPlace[]> {
  return database.query<FindingPlace>(
    `select f.connection, f.num, f.status_since as "statusSince", e.finding as told
     from (select distinct connection from place) p
     cross join lateral (select * from finding where connection = p.connection and key = $1 offset 0) f
     left join lateral (
       select r.body -> 'finding' as finding from (select from evidence where num = f.num and key = $1 offset 0) e
       cross join lateral (select body from record where num = f.num offset 0) r
     ) e on true
     order by f.connection`,
    [key],
  );
}

/** A record that says something of the flaw. */
export interface FindingSource {
  readonly stream: string;
  readonly id: string;
  readonly state: 'live' | 'gone';
  readonly status: FindingStatus;
  readonly severity: number;
  readonly qds: number;
  readonly changedAt: string;
  /** Whether the finding is shown by its document. */
  readonly shown: boolean;
}

/** The records that tell the flaw, live ones first, in the order in which one is chosen to show it; at most so many. */
export function findingSources(
  database: Database,
  of: { readonly connection: string; readonly key: string; readonly num: number; readonly limit: number },
): Promise<FindingSource[]> {
  return database.query<FindingSource>(
    `select r.stream, r.id, case when r.tombstoned_at is null then 'live' else 'gone' end as state, e.status, e.severity::integer, e.qds::integer,
       coalesce(r.tombstoned_at, r.last_changed) as "changedAt", e.num = $3 as shown
     from (select * from evidence where connection = $1 and key = $2 offset 0) e
     cross join lateral (select * from record where num = e.num offset 0) r
     order by r.tombstoned_at is not null, array_position(array['open', 'suppressed', 'fixed'], e.status), e.num
     limit $4`,
    [of.connection, of.key, of.num, of.limit],
  );
}

/** The open findings of these assets, by severity from 1 to 5, and the highest QDS among them; 0 for none. */
export async function openFindings(
  database: Database,
  of: { readonly connection: string; readonly class: AssetClass; readonly ids: readonly string[] },
): Promise<{ readonly highestQds: number; readonly bySeverity: Readonly<Record<string, number>> }> {
  const rows = await database.query<{ severity: number; findings: number; highest: number }>(
    `select f.severity::integer, count(*) as findings, max(f.qds)::integer as highest
     from unnest($3::text[]) a (id) cross join lateral (
       select * from finding where connection = $1 and asset_class = $2 and asset_id = a.id offset 0
     ) f
     where f.status = 'open' group by f.severity order by f.severity desc`,
    [of.connection, of.class, of.ids],
  );
  return {
    highestQds: Math.max(0, ...rows.map(({ highest }) => highest)),
    bySeverity: Object.fromEntries([1, 2, 3, 4, 5].map((one) => [one, rows.find(({ severity }) => severity === one)?.findings ?? 0])),
  };
}
