// The counts of a run's report (I6): each object once per run, by what became of it. MUST cost by what the run saw, never by what is stored.
import type { ErrorBrief, Mode, Reason, RunReport, StreamMode, StreamOutcome, StreamReport } from '../model.ts';
import type { StreamPin } from './cursor.ts';
import type { Database, Transaction } from './database.ts';
import { countPaths } from './orderPath.ts';

interface CountedRun {
  readonly run: number;
  readonly connection: string;
  readonly streams: readonly StreamPin[];
  readonly mode: Mode | null;
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
  readonly passedOver: number;
}

/** The streams in the run's order, and the assets. Of a run under way: so far. A run of mode `settle` reads no stream: it removes assets; nor does one of mode `fulfil`: it writes orders. */
export async function countRun(transaction: Transaction, of: CountedRun): Promise<Pick<RunReport, 'streams' | 'assets' | 'orders'>> {
  if (of.mode === 'fulfil') return { streams: [], assets: nothing, orders: await countPaths(transaction, of) };
  if (of.mode === 'settle') return { streams: [], assets: await countSettled(transaction, of) };
  const checkpoints = await transaction.query<CheckpointRow>(
    `select stream, mode, reason, walk, outcome, error, pages, requests, throttled_ms as "throttledMs", resumed,
       passed_over as "passedOver" from checkpoint where run = $1`,
    [of.run],
  );
  const byStream = new Map(checkpoints.map((row) => [row.stream, row]));
  const streams: StreamReport[] = [];
  const assets = { ...nothing };
  for (const pin of of.streams) {
    const row = byStream.get(pin.stream);
    if (row === undefined) continue;
    const judged = (pin.include ?? null) !== null;
    const { unchangedAssets, ...counts } = await countRecords(transaction, of, row, judged);
    streams.push(streamOf(row, counts));
    if (!pin.assets) continue;
    const changed =
      pin.events === true
        ? await countDocuments(transaction, of.run, row)
        : { ...(await countAssets(transaction, of.run, pin.stream, judged)), unchanged: unchangedAssets };
    for (const key of ['added', 'updated', 'removed', 'unchanged'] as const) assets[key] += changed[key];
  }
  return { streams, assets };
}

const nothing = { added: 0, updated: 0, removed: 0, unchanged: 0 };

function streamOf(row: CheckpointRow, counts: RecordCounts): StreamReport {
  const { stream, mode, reason, error, pages, requests, throttledMs, resumed } = row;
  // A stream that was stopped on its way says how far it got.
  const outcome = row.outcome ?? (pages > 0 ? 'partial' : 'skipped');
  return { stream, mode, reason, outcome, error, pages, requests, ...counts, throttledMs, resumed };
}

type RecordCounts = Pick<StreamReport, 'read' | 'added' | 'updated' | 'unchanged' | 'removedBySource' | 'swept' | 'rejected' | 'excluded'>;

interface Counted extends RecordCounts {
  /** Of a stream with assets: records accepted (each has an asset) whose asset did not change. */
  readonly unchangedAssets: number;
}

/** What a run knows of an object, one bit each. */
const bit = { seen: 1, removed: 2, rejected: 4, added: 8, updated: 16, swept: 32, asset: 64, excluded: 128 } as const;

/**
 * An object counts once, as the first of: removed by the source, rejected, excluded (also what is not kept), added, updated, unchanged. Changes of an earlier walk count where the
 * last walk saw the object again.
 */
async function countRecords(
  transaction: Transaction,
  of: CountedRun,
  { stream, walk, passedOver }: CheckpointRow,
  judged: boolean,
): Promise<Counted> {
  // One pass that hashes or sorts by number: no join whose plan could go wrong on tables that were never analysed.
  const rows = await transaction.query<{ bits: number; objects: number }>(
    `select bits, count(*) as objects from (
       select bit_or(bits) as bits from (
         select unnest(nums) as num, ${bit.seen} as bits from seen where run = $1 and stream = $3 and kind = 'record' and walk = $4
         union all
         select unnest(nums), case when kind = 'asset' then ${bit.asset} else case change
           when 'added' then ${bit.added} when 'updated' then ${bit.updated} when 'removed' then ${bit.removed} else ${bit.swept} end end
         from run_change where run = $1 and stream = $3 and kind in ('record', 'asset')
         union all
         select coalesce(r.num, -row_number() over ()), ${bit.rejected} from rejected x
         left join lateral (select num from record where connection = $2 and stream = $3 and id = x.id offset 0) r on true
         where x.run = $1 and x.stream = $3
         ${judged ? excludedBits : ''}
       ) as fact group by num
     ) as object group by bits`,
    [of.run, of.connection, stream, walk],
  );
  const count = (matches: (has: (name: keyof typeof bit) => boolean) => boolean): number =>
    rows.reduce((sum, { bits, objects }) => sum + (matches((name) => (bits & bit[name]) !== 0) ? objects : 0), 0);
  const removedBySource = count((has) => has('removed'));
  const rejected = count((has) => !has('removed') && has('rejected'));
  const excluded = passedOver + count((has) => !has('removed') && !has('rejected') && has('seen') && has('excluded'));
  /** Accepted and listed. */
  const listed = (and: Parameters<typeof count>[0] = () => true): number =>
    count((has) => !has('removed') && !has('rejected') && !has('excluded') && has('seen') && and(has));
  const added = listed((has) => has('added'));
  const updated = listed((has) => !has('added') && has('updated'));
  const accepted = listed();
  return {
    read: accepted + excluded + rejected + removedBySource,
    added,
    updated,
    unchanged: accepted - added - updated,
    removedBySource,
    swept: count((has) => has('swept')),
    rejected,
    excluded,
    unchangedAssets: listed((has) => !has('asset')),
  };
}

/** Which of the seen are left out by tags. Costs a probe for each: asked only where tags are. */
const excludedBits = `
         union all
         select n.num, ${bit.excluded} from (
           select unnest(nums) as num from seen where run = $1 and stream = $3 and kind = 'record' and walk = $4
         ) n cross join lateral (select excluded from asset where num = n.num offset 0) a where a.excluded`;

interface AssetCounts {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
}

/** Of a stream, or of all; `judged`: those that tags leave out do not count, unless they are removed. */
async function countAssets(transaction: Transaction, run: number, stream: string | null = null, judged = false): Promise<AssetCounts> {
  const isListed = judged ? 'not exists (select from asset where num = n and excluded)' : 'true';
  const [row] = await transaction.query<AssetCounts>(
    `select count(*) filter (where removed) as removed, count(*) filter (where not removed and added and listed) as added,
       count(*) filter (where not removed and not added and listed) as updated
     from (
       select n, bool_or(change = 'added') as added, bool_or(change = 'removed') as removed, ${isListed} as listed
       from run_change, unnest(nums) as n where run = $1 and ($2::text is null or stream = $2) and kind = 'asset' group by n
     ) as asset`,
    [run, stream],
  );
  return row ?? { added: 0, updated: 0, removed: 0 };
}

/** Of documents that relations decide, by their events. Unchanged are those that the stream's last walk saw. */
async function countDocuments(
  transaction: Transaction,
  run: number,
  { stream, walk }: Pick<CheckpointRow, 'stream' | 'walk'>,
): Promise<RunReport['assets']> {
  const [row] = await transaction.query<RunReport['assets']>(
    `select count(*) filter (where kind = 'CREATED') as added, count(*) filter (where kind = 'UPDATED') as updated,
       count(*) filter (where kind = 'DELETED') as removed,
       (select count(*) from (select unnest(nums) as num from seen where run = $1 and stream = $2 and kind = 'record' and walk = $3) s
        cross join lateral (select from document_event where num = s.num and kind <> 'DELETED' and run <> $1 offset 0) v) as unchanged
     from document_event where run = $1`,
    [run, stream, walk],
  );
  return row ?? nothing;
}

/** A run that removes what was approved reads nothing: documents that relations decide may be changed by it, or gone. */
async function countSettled(transaction: Transaction, { run, streams }: CountedRun): Promise<RunReport['assets']> {
  const { removed } = await countAssets(transaction, run);
  const decided = streams.find(({ events }) => events === true);
  if (decided === undefined) return { ...nothing, removed };
  const records = (await countAssets(transaction, run, decided.stream)).removed;
  const documents = await countDocuments(transaction, run, { stream: decided.stream, walk: 0 });
  return { ...documents, removed: documents.removed + removed - records };
}

/** Of these streams those that never had a record, in their order. One look into an index for each. */
export async function streamsWithoutRecords(database: Database, connection: string, streams: readonly string[]): Promise<string[]> {
  const rows = await database.query<{ stream: string }>(
    `select stream from unnest($2::text[]) with ordinality as asked (stream, place)
     where not exists (select from record where record.connection = $1 and record.stream = asked.stream) order by place`,
    [connection, streams],
  );
  return rows.map(({ stream }) => stream);
}
