// Where each stream of a run stands: its checkpoint and its walks (design 3.6). MUST move only under the run's fence.
import { TidemarkError } from '../errors.ts';
import type { ErrorBrief, Reason, Step, StreamMode, StreamOutcome } from '../model.ts';
import type { Database } from './database.ts';
import { jsonb } from './params.ts';

/** One stream of a run. */
export interface StreamPlace {
  readonly run: number;
  readonly connection: string;
  readonly stream: string;
}

export interface Checkpoint {
  readonly mode: StreamMode;
  readonly reason: Reason;
  /** 0: planned and not begun. */
  readonly walk: number;
  /** The page that is committed next, from 0 in each walk. */
  readonly page: number;
  readonly steps: readonly Step[];
  /** The last cursor the walk was given; at the start of a delta the one it asked for. */
  readonly cursor: string | null;
  readonly askedCursor: string | null;
  /** Worked time of the run's walks of this stream, and since the last page, in milliseconds. */
  readonly workedMs: number;
  readonly pagelessMs: number;
  readonly throttledMs: number;
  /** Objects read in this walk, as sent; the report counts each once. */
  readonly read: number;
  /** The walk's last pages that had no record and no edge of which an earlier page had none. */
  readonly barren: number;
  /** Whether removals of the stream are staged or held, which a page may take back. While a walk reads, only its own pages stage more. */
  readonly removals: boolean;
  /** How many objects each collection answered in this walk; only of those that must answer something (`answersFor`). */
  readonly answered: Readonly<Record<string, number>>;
  /** Records set aside in this walk. */
  readonly rejected: number;
  /** Of all walks of the run. */
  readonly pages: number;
  readonly requests: number;
  readonly resumed: number;
  /** null while the walk is under way. */
  readonly outcome: StreamOutcome | null;
  /** Of a walk under way: what will end it as partial. */
  readonly error: ErrorBrief | null;
}

const columns = `c.mode, c.reason, c.walk, c.page, c.steps, c.cursor, c.asked_cursor as "askedCursor", c.worked_ms as "workedMs",
  c.pageless_ms as "pagelessMs", c.throttled_ms as "throttledMs", c.read, c.barren, c.answered, c.pages, c.requests, c.resumed, c.outcome, c.error,
  exists (select from pending_removal p where p.run = c.run and p.stream = c.stream)
    or exists (select from held_removal h where h.connection = (select connection from run r where r.run = c.run) and h.stream = c.stream) as removals,
  (select count(*) from rejected x where x.run = c.run and x.stream = c.stream) as rejected`;

/** @throws STALE_ATTEMPT when the run has ended, or its plan has no such stream. */
export async function readCheckpoint(database: Database, { run, stream }: Pick<StreamPlace, 'run' | 'stream'>): Promise<Checkpoint> {
  const [row] = await database.query<Checkpoint>(`select ${columns} from checkpoint c where c.run = $1 and c.stream = $2`, [run, stream]);
  if (row === undefined) {
    throw new TidemarkError('STALE_ATTEMPT', `Run ${run} has no checkpoint of stream "${stream}": it has ended or was not planned.`);
  }
  return row;
}

export interface StreamProgress extends Checkpoint {
  readonly stream: string;
}

/** The checkpoints of a run under way, by stream; empty when it has ended or was not planned yet. */
export function readProgress(database: Database, run: number): Promise<StreamProgress[]> {
  return database.query<StreamProgress>(`select c.stream, ${columns} from checkpoint c where c.run = $1 order by c.stream`, [run]);
}

/**
 * Starts walk `after + 1`. What the walk before it saw, staged and set aside is dropped; what it changed stays noted, for it was committed.
 * A delta starts from the adopted cursor.
 * @throws STALE_ATTEMPT when another run has been opened, or `after` is not the stream's current walk.
 */
export async function startWalk(
  database: Database,
  of: StreamPlace & { readonly mode: StreamMode; readonly reason: Reason; readonly steps: readonly Step[]; readonly after: number },
): Promise<void> {
  const { run, connection, stream, mode, reason, steps, after } = of;
  await database.batch([
    { sql: 'select start_walk($1, $2, $3, $4, $5, $6, $7)', params: [run, connection, stream, after, mode, reason, jsonb(steps)] },
    ...['seen', 'pending_removal', 'rejected'].map((table) => ({
      sql: `delete from ${table} where run = $1 and stream = $2`,
      params: [run, stream],
    })),
    { sql: `update checkpoint set passed_over = 0, answered = '{}', error = null where run = $1 and stream = $2`, params: [run, stream] },
  ]);
}

/** Counts that another attempt took the walk up. */
export async function resumeWalk(database: Database, { run, stream }: StreamPlace): Promise<void> {
  await database.query('update checkpoint set resumed = resumed + 1 where run = $1 and stream = $2 and outcome is null', [run, stream]);
}

/** Notes what keeps a walk from being complete although it goes on; the first stands. Answers whether it is the first. */
export async function noteTrouble(database: Database, { run, stream }: StreamPlace, error: ErrorBrief): Promise<boolean> {
  const rows = await database.query(
    'update checkpoint set error = $3 where run = $1 and stream = $2 and outcome is null and error is null returning 1',
    [run, stream, jsonb(error)],
  );
  return rows.length > 0;
}

/** Adds worked time that no page carries: an attempt that ended in a failure. */
export async function noteWorked(database: Database, of: StreamPlace & { readonly workedMs: number }): Promise<void> {
  await database.query(
    'update checkpoint set worked_ms = worked_ms + $3, pageless_ms = pageless_ms + $3 where run = $1 and stream = $2 and outcome is null',
    [of.run, of.stream, Math.round(of.workedMs)],
  );
}

/**
 * Forgets the cursor of a walk that said more than could be verified: the stream's next pull is full.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function forgetCursor(database: Database, { run, connection, stream }: StreamPlace): Promise<void> {
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    { sql: 'update checkpoint set cursor = null, cursor_at = null where run = $1 and stream = $2', params: [run, stream] },
  ]);
}

/**
 * Ends the walk. The first outcome stands, except that `complete` may still become `partial` (settle could not ask).
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function endWalk(
  database: Database,
  of: StreamPlace & { readonly outcome: StreamOutcome; readonly error: ErrorBrief | null },
): Promise<void> {
  const { run, connection, stream, outcome, error } = of;
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    {
      sql: `update checkpoint set outcome = $3, error = $4
        where run = $1 and stream = $2 and (outcome is null or (outcome = 'complete' and $3 = 'partial'))`,
      params: [run, stream, outcome, error === null ? null : jsonb(error)],
    },
  ]);
}
