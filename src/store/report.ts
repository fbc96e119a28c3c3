// The counts of a run's report (I6): each object once per run, by what became of it. MUST cost by what the run saw, never by what is stored.
import type { ErrorBrief, Reason, RunReport, StreamMode, StreamOutcome, StreamReport } from '../model.ts';
import type { StreamPin } from './cursor.ts';
import type { Transaction } from './database.ts';

interface CountedRun {
  readonly run: number;
  readonly connection: string;
  readonly streams: readonly StreamPin[];
}

interface CheckpointRow {
  readonly stream: string;
  readonly mode: StreamMode;
  readonly reason: Reason;
  readonly walk: number;
  readonly outcome: StreamOutcome | null;
  readonly error: ErrorBrief | null;
  readonly pages: number;
  readonly requests: number;
  readonly throttledMs: number;
  readonly resumed: number;
}

/** The streams in the run's order, and the assets. Of a run under way: so far. */
export async function countRun(transaction: Transaction, of: CountedRun): Promise<Pick<RunReport, 'streams' | 'assets'>> {
  const checkpoints = await transaction.query<CheckpointRow>(
    `select stream, mode, reason, walk, outcome, error, pages, requests, throttled_ms as "throttledMs", resumed from checkpoint where run = $1`,
    [of.run],
  );
  const byStream = new Map(checkpoints.map((row) => [row.stream, row]));
  const streams: StreamReport[] = [];
  const assets = { added: 0, updated: 0, removed: 0, unchanged: 0 };
  for (const pin of of.streams) {
    const row = byStream.get(pin.stream);
    if (row === undefined) continue;
    const { unchangedAssets, ...counts } = await countRecords(transaction, of, row);
    streams.push(streamOf(row, counts));
    if (!pin.assets) continue;
    const changed = await countAssets(transaction, of.run, pin.stream);
    assets.added += changed.added;
    assets.updated += changed.updated;
    assets.removed += changed.removed;
    assets.unchanged += unchangedAssets;
  }
  return { streams, assets };
}

function streamOf(row: CheckpointRow, counts: RecordCounts): StreamReport {
  const { stream, mode, reason, error, pages, requests, throttledMs, resumed } = row;
  // A stream that was stopped on its way says how far it got.
  const outcome = row.outcome ?? (pages > 0 ? 'partial' : 'skipped');
  return { stream, mode, reason, outcome, error, pages, requests, ...counts, excluded: 0, throttledMs, resumed };
}

type RecordCounts = Pick<StreamReport, 'read' | 'added' | 'updated' | 'unchanged' | 'removedBySource' | 'swept' | 'rejected'>;

interface Counted extends RecordCounts {
  /** Of a stream with assets: records accepted (each has an asset) whose asset did not change. */
  readonly unchangedAssets: number;
}

/**
 * An object counts once, as the first of: removed by the source, rejected, added, updated, unchanged. Changes of an earlier walk count where the
 * last walk saw the object again.
 */
async function countRecords(transaction: Transaction, of: CountedRun, { stream, walk }: CheckpointRow): Promise<Counted> {
  const [row] = await transaction.query<Counted>(
    `with change as (
       select n as num, bool_or(change = 'added') as added, bool_or(change = 'updated') as updated,
         bool_or(change = 'removed') as removed, bool_or(change = 'swept') as swept
       from run_change, unnest(nums) as n where run = $1 and stream = $3 and kind = 'record' group by n
     ), asset_change as (
       select distinct n as num from run_change, unnest(nums) as n where run = $1 and stream = $3 and kind = 'asset'
     ), reject as (
       select r.num from rejected x left join record r on r.connection = $2 and r.stream = $3 and r.id = x.id
       where x.run = $1 and x.stream = $3
     ), object as (
       select n as num from seen, unnest(nums) as n where run = $1 and stream = $3 and kind = 'record' and walk = $4
       union select num from change where removed
       union select num from reject where num is not null
     ), counted as (
       select count(*) as objects,
         count(*) filter (where c.removed) as removed,
         count(*) filter (where c.removed is not true and j.num is not null) as rejected,
         count(*) filter (where c.removed is not true and j.num is null and c.added) as added,
         count(*) filter (where c.removed is not true and j.num is null and not c.added and c.updated) as updated,
         count(*) filter (where c.removed is not true and j.num is null and a.num is null) as same_asset
       from object o left join change c using (num) left join reject j using (num) left join asset_change a using (num)
     ), beside as (
       select (select count(*) from reject where num is null) as unknown, (select count(*) from change where swept) as swept
     )
     select objects + unknown as read, added, updated, removed as "removedBySource", swept, rejected + unknown as rejected,
       objects - removed - rejected - added - updated as unchanged, same_asset as "unchangedAssets"
     from counted, beside`,
    [of.run, of.connection, stream, walk],
  );
  return row ?? { read: 0, added: 0, updated: 0, unchanged: 0, removedBySource: 0, swept: 0, rejected: 0, unchangedAssets: 0 };
}

interface AssetCounts {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
}

async function countAssets(transaction: Transaction, run: number, stream: string): Promise<AssetCounts> {
  const [row] = await transaction.query<AssetCounts>(
    `select count(*) filter (where removed) as removed, count(*) filter (where not removed and added) as added,
       count(*) filter (where not removed and not added) as updated
     from (
       select n, bool_or(change = 'added') as added, bool_or(change = 'removed') as removed
       from run_change, unnest(nums) as n where run = $1 and stream = $2 and kind = 'asset' group by n
     ) as asset`,
    [run, stream],
  );
  return row ?? { added: 0, updated: 0, removed: 0 };
}
