// After the streams: what a complete walk proves gone is asked for, staged and removed (design 3.7, I4, I5).
// MUST remove nothing of a stream whose walk did not end on its own last page.
import type { FetchOptions, Source } from '../clients/source.ts';
import { codes, TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { Database } from '../store/database.ts';
import { applyRemovals, conflictingEdges, keepRemovals, removalCandidates, stageUnseen } from '../store/settle.ts';
import { endWalk, readCheckpoint } from '../store/walk.ts';
import type { StreamTarget } from './page.ts';

export interface SettleRequest {
  readonly run: number;
  readonly targets: readonly StreamTarget[];
  readonly options: FetchOptions;
  /** A wait told by the source beyond this, in milliseconds, ends the stream as partial. */
  readonly maxWaitMs: number;
  /** Tried so often that a source which still does not answer ends the stream as partial (I9). */
  readonly lastTry: boolean;
}

/** Ids asked for between two heartbeats: ten requests of twenty. */
const askedAtOnce = 200;

/** Removes what the run's complete walks prove gone. Idempotent: a crash in the middle is gone over again. */
export async function settleRun(
  dependencies: { readonly database: Database; readonly source: Source },
  request: SettleRequest,
): Promise<void> {
  const { database, source } = dependencies;
  failpoint('settle.begun');
  for (const target of request.targets) {
    const at = { run: request.run, connection: target.connection, stream: target.definition.name };
    const checkpoint = await readCheckpoint(database, at);
    if (checkpoint.outcome !== 'complete') continue;
    try {
      if (checkpoint.mode === 'full') {
        await stageUnseen(database, at);
        failpoint('settle.afterStage');
        await askAbsent(database, source, target, at, request.options);
      }
      await askConflicts(database, source, target, at, request.options);
      failpoint('settle.afterAsk');
    } catch (error) {
      // Nothing may be removed unasked: the stream ends partial, its removals are found again by the next run.
      if (!(error instanceof TidemarkError) || isTriedAgain(error, request)) throw error;
      await endWalk(database, { ...at, outcome: 'partial', error: { code: error.code, message: error.message, hint: error.hint } });
      continue;
    }
    failpoint('settle.beforeApply');
    await applyRemovals(database, at);
    request.options.alive?.();
    failpoint('settle.afterApply');
  }
}

/** Whether Temporal calls again; a run that was overtaken ends by the throw as well. */
function isTriedAgain(error: TidemarkError, { maxWaitMs, lastTry }: SettleRequest): boolean {
  if (error.code === 'STALE_ATTEMPT' || error.code === 'STORE_UNAVAILABLE') return true;
  return codes[error.code].retried && !lastTry && (error.retryAfterMs ?? 0) <= maxWaitMs;
}

interface Place {
  readonly run: number;
  readonly connection: string;
  readonly stream: string;
}

/** A list is no snapshot: who was not on it is asked for by id, and only a 404 is gone. */
async function askAbsent(database: Database, source: Source, target: StreamTarget, at: Place, options: FetchOptions): Promise<void> {
  const { walk } = target.definition;
  if (walk.shape !== 'list') return;
  for (let after = 0; ;) {
    const candidates = await removalCandidates(database, { ...at, after, limit: askedAtOnce });
    const last = candidates.at(-1);
    if (last === undefined) return;
    const { gone } = await source.gone({ path: walk.path, ids: candidates.map(({ id }) => id) }, options);
    const kept = candidates.filter(({ id }) => !gone.has(id));
    await keepRemovals(database, { ...at, records: kept.map(({ num }) => num), edges: [] });
    options.alive?.();
    after = last.num;
  }
}

/** A pair that one round both added and removed, on different pages: no order is promised, so the source is asked (decision 9). */
async function askConflicts(database: Database, source: Source, target: StreamTarget, at: Place, options: FetchOptions): Promise<void> {
  const { walk } = target.definition;
  if (walk.shape === 'collections') return;
  for (const edge of target.edges) {
    const property = edge.at;
    if (property === null) continue;
    const pairs = await conflictingEdges(database, { ...at, kind: edge.kind, unlisted: edge.unlisted });
    if (pairs.length === 0) continue;
    const { present } = await source.hasMembers({ path: walk.path, property, pairs }, options);
    const kept = pairs.flatMap((pair, index) => (present[index] === true ? [pair.num] : []));
    await keepRemovals(database, { ...at, records: [], edges: kept });
  }
}
