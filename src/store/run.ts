// Runs: opened with a number that is their fence, planned, ended once with a verdict and a report (design 3.2, 3.9).
import { TidemarkError } from '../errors.ts';
import type { ErrorBrief, HeldSet, JsonObject, Mode, RunPlan, RunReason, RunReport, StreamFacts, Trigger, Verdict } from '../model.ts';
import { adoptCursors, dropCursors, mixTags, noteFailedFulls, readStreamFacts } from './cursor.ts';
import type { StreamPin } from './cursor.ts';
import type { Database, Transaction } from './database.ts';
import { heldSet, releaseApproved } from './held.ts';
import { jsonb } from './params.ts';
import { countRun } from './report.ts';

export interface RunRequest {
  /** Names the occurrence or message that asks: asked again, it is answered with the run it got. */
  readonly requestId: string;
  readonly connection: string;
  readonly profile: string;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  /** The highest run of this connection that the entity knows; 0 when none. */
  readonly highestRunSeen: number;
  /** What the run is pinned to (decision 9). */
  readonly revision: number;
  readonly spec: JsonObject;
  readonly streams: readonly StreamPin[];
}

/** A run as its row holds it. */
export interface Run {
  readonly run: number;
  readonly connection: string;
  readonly profile: string;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  /** The occurrence's nominal time, or when the run was asked for. */
  readonly nominalAt: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly revision: number;
  readonly spec: JsonObject;
  readonly streams: readonly StreamPin[];
  readonly mode: Mode | null;
  readonly reason: RunReason | null;
  readonly baselineOverdue: boolean;
  readonly verdict: Verdict | null;
  readonly error: ErrorBrief | null;
  /** The connection's pending set after the run; null while it is under way. */
  readonly held: HeldSet | null;
}

const columns = `run, connection, profile, trigger, scheduled_at as "scheduledAt", nominal_at as "nominalAt", started_at as "startedAt",
  finished_at as "finishedAt", revision, spec, streams, mode, reason, baseline_overdue as "baselineOverdue", verdict, error, report -> 'held' as held`;

export interface OpenRun extends Run {
  readonly facts: readonly StreamFacts[];
}

/**
 * Opens a run, or answers the one this request got before. Its number is above every one given before and above `highestRunSeen`; it becomes the
 * connection's fence, so that whatever an older run still tries is refused. A database that is behind the entity (a restored backup) loses the
 * connection's cursors.
 * @throws CONFIG_INVALID when there is no such connection.
 */
export function openRun(database: Database, request: RunRequest): Promise<OpenRun> {
  return database.transaction(async (transaction) => {
    const { connection, requestId, highestRunSeen } = request;
    const [owner] = await transaction.query<{ fence: number }>(
      'select fence from connection where name = $1 and deleted_at is null for update',
      [connection],
    );
    if (owner === undefined) throw new TidemarkError('CONFIG_INVALID', `There is no connection "${connection}".`);
    const run = (await runOfRequest(transaction, connection, requestId)) ?? (await insertRun(transaction, request));
    if (run.run > owner.fence && highestRunSeen > owner.fence) await dropCursors(transaction, connection);
    return { ...run, facts: await readStreamFacts(transaction, connection, run.streams) };
  });
}

async function runOfRequest(transaction: Transaction, connection: string, requestId: string): Promise<Run | null> {
  const [row] = await transaction.query<Run>(`select ${columns} from run where connection = $1 and request_id = $2`, [
    connection,
    requestId,
  ]);
  return row ?? null;
}

async function insertRun(transaction: Transaction, request: RunRequest): Promise<Run> {
  const { requestId, connection, profile, trigger, scheduledAt, highestRunSeen, revision, spec, streams } = request;
  const [row] = await transaction.query<Run>(
    `with given as (update run_counter set last = greatest(last, $1) + 1 returning last),
       fenced as (update connection set fence = given.last from given where name = $2)
     insert into run (run, connection, profile, request_id, trigger, scheduled_at, nominal_at, revision, spec, streams)
     select last, $2, $3, $4, $5, $6::timestamptz, coalesce($6::timestamptz, now()), $7, $8, $9 from given
     returning ${columns}`,
    [highestRunSeen, connection, profile, requestId, trigger, scheduledAt, revision, jsonb(spec), jsonb(streams)],
  );
  if (row === undefined) throw new TidemarkError('INTERNAL', 'The database has no run counter.');
  return row;
}

/** Of a run that reads its streams, or of one that has none: it removes what was approved, or writes orders. */
type Plan = Pick<RunPlan, 'baselineOverdue' | 'streams'> & { readonly mode: Mode; readonly reason: RunReason };

/**
 * Records what was decided and makes the streams' checkpoints. Idempotent: the first plan of a run stands, and a run that has ended gets none.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function planRun(
  database: Database,
  of: { readonly run: number; readonly connection: string; readonly plan: Plan },
): Promise<void> {
  const { run, connection, plan } = of;
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    { sql: mixTags, params: [run] },
    {
      sql: `insert into checkpoint (run, stream, mode, reason)
        select run, t.stream, t.mode, t.reason from run, unnest($2::text[], $3::text[], $4::text[]) as t (stream, mode, reason)
        where run = $1 and run.mode is null and run.verdict is null on conflict do nothing`,
      params: [run, ...(['stream', 'mode', 'reason'] as const).map((key) => plan.streams.map((stream) => stream[key]))],
    },
    {
      sql: 'update run set mode = $2, reason = $3, baseline_overdue = $4 where run = $1 and mode is null and verdict is null',
      params: [run, plan.mode, plan.reason, plan.baselineOverdue],
    },
  ]);
}

/**
 * Ends a run: verdict, report, the cursors of its complete streams (verdicts complete and partial, and only while no other run has been opened),
 * and what served the run alone is dropped, staged removals too; what it was to remove by approval and has not is held again. A run that was overtaken still gets its verdict. Asked again, it answers the first report.
 * A run with streams that are not complete MUST NOT end complete (I6): it ends partial.
 * @throws STALE_ATTEMPT when there is no such run.
 */
export function finishRun(
  database: Database,
  of: { readonly run: number; readonly verdict: Verdict; readonly error: ErrorBrief | null },
): Promise<RunReport> {
  return database.transaction(async (transaction) => {
    const [row] = await transaction.query<Run & { report: RunReport | null }>(
      `select ${columns}, report from run where run = $1 for update`,
      [of.run],
    );
    if (row === undefined) throw new TidemarkError('STALE_ATTEMPT', `There is no run ${of.run}.`);
    if (row.report !== null) return row.report;
    await transaction.query(`set local work_mem = '64MB'`);
    const counted = await countRun(transaction, row);
    const whole = counted.streams.every(({ outcome }) => outcome === 'complete' || outcome === 'skipped');
    const verdict = of.verdict === 'complete' && !whole ? 'partial' : of.verdict;
    if (verdict === 'complete' || verdict === 'partial') await adoptCursors(transaction, row);
    if (verdict === 'failed' || verdict === 'partial') await noteFailedFulls(transaction, row.run);
    if (row.mode === 'settle') await releaseApproved(transaction, row);
    const [end] = await transaction.query<{ now: string }>('select now()');
    const held = await heldSet(transaction, row.connection);
    const report: RunReport = { ...headOf(row), finishedAt: end?.now ?? null, verdict, held, ...counted, error: of.error };
    await transaction.query('update run set verdict = $2, error = $3, finished_at = now(), report = $4 where run = $1', [
      row.run,
      verdict,
      of.error === null ? null : jsonb(of.error),
      jsonb(report),
    ]);
    for (const table of ['checkpoint', 'seen', 'pending_removal'])
      await transaction.query(`delete from ${table} where run = $1`, [row.run]);
    return report;
  });
}

function headOf(row: Run): Omit<RunReport, 'finishedAt' | 'verdict' | 'held' | 'streams' | 'assets' | 'orders' | 'error'> {
  const { connection, profile, mode, reason, trigger, scheduledAt, startedAt } = row;
  return {
    run: `${connection}:${row.run}`,
    connection,
    profile,
    mode,
    reason,
    trigger,
    scheduledAt,
    startedAt,
  };
}

/** null when there is no such run. */
export async function getRun(database: Database, run: number): Promise<Run | null> {
  const [row] = await database.query<Run>(`select ${columns} from run where run = $1`, [run]);
  return row ?? null;
}

/** The report of a run; of one under way, with the counts so far and verdict null. null when there is no such run. */
export function readReport(database: Database, run: number): Promise<RunReport | null> {
  return database.transaction(async (transaction) => {
    const [row] = await transaction.query<Run & { report: RunReport | null }>(`select ${columns}, report from run where run = $1`, [run]);
    if (row === undefined) return null;
    if (row.report !== null) return row.report;
    const held = await heldSet(transaction, row.connection);
    return { ...headOf(row), finishedAt: null, verdict: null, held, error: null, ...(await countRun(transaction, row)) };
  });
}

/** The runs of a connection that have no verdict yet, oldest first. */
export function openRuns(database: Database, connection: string): Promise<Run[]> {
  return database.query<Run>(`select ${columns} from run where connection = $1 and verdict is null order by run`, [connection]);
}

/** A line of `runs`: a run, or an occurrence that did not run. */
export interface RunLine {
  readonly run: number | null;
  readonly profile: string;
  readonly mode: Mode | null;
  /** Why the run is full or delta, or why the occurrence was skipped. */
  readonly reason: string | null;
  readonly trigger: Trigger;
  readonly scheduledAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** null while it is under way. */
  readonly verdict: Verdict | 'skipped' | null;
  readonly error: ErrorBrief | null;
  /** The connection's pending set after the run; null for one that is under way or did not run. */
  readonly held: HeldSet | null;
}

/** The latest runs and skipped occurrences of a connection, newest first. */
export function listRuns(database: Database, of: { readonly connection: string; readonly limit: number }): Promise<RunLine[]> {
  return database.query<RunLine>(
    `select run, profile, mode, reason, trigger, "scheduledAt", "startedAt", "finishedAt", verdict, error, held from (
       (select ${columns}, started_at as at from run where connection = $1 order by run desc limit $2)
       union all
       (select null, connection, profile, 'schedule', scheduled_at, scheduled_at, null, null, null, null, null, null, reason, false, 'skipped', null, null, noted_at
        from occurrence where connection = $1 and outcome = 'skipped' order by scheduled_at desc limit $2)
     ) as line order by at desc, run desc nulls last limit $2`,
    [of.connection, of.limit],
  );
}
