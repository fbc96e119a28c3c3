// Reads one stream of a run to its end, slice by slice, and judges what keeps it from going on (design 3.4 to 3.6).
// MUST hold no state that a crash would lose: whatever the next attempt needs is in the checkpoint.
import type { Source } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { SliceResult } from '../model.ts';
import type { Database } from '../store/database.ts';
import { endWalk, noteWorked, readCheckpoint, resumeWalk, startWalk } from '../store/walk.ts';
import type { Checkpoint } from '../store/walk.ts';
import { judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import { firstSteps, listSteps } from './plan.ts';
import { readSlice, type SliceRequest, type WalkDependencies } from './slice.ts';

export interface WalkRequest extends SliceRequest {
  /** More set-aside records than this fail the stream; `percent` counts where it read more than 20. */
  readonly rejects: { readonly absolute: number; readonly percent: number };
  /** How long Temporal waits after a failure of this attempt. It counts as worked time, so that a dead source ends the run. */
  readonly retryDelayMs: number;
}

const rejectPercentFrom = 20;

/**
 * One slice of a stream's walk. May be called again at any time: an ended walk answers how it ended.
 * @throws retried codes and STALE_ATTEMPT; every other failure ends the stream and is answered.
 */
export async function walkStream(dependencies: WalkDependencies, request: WalkRequest): Promise<SliceResult> {
  const { database } = dependencies;
  const at = placeOf(request);
  const clock = { startedAt: performance.now(), committedAt: performance.now() };
  const first = await readCheckpoint(database, at);
  if (first.walk > 0 && first.outcome === null) await resumeWalk(database, at);
  for (;;) {
    const checkpoint = await begin(dependencies, request);
    if (checkpoint.outcome !== null) return resultOf(checkpoint);
    try {
      return (await readSlice(dependencies, request, checkpoint, clock)) === 'over' ? { kind: 'more' } : await end(database, request);
    } catch (error) {
      if (request.signal.aborted) return { kind: 'more' };
      if (!(error instanceof TidemarkError)) throw error;
      const spentMs = performance.now() - clock.committedAt + request.retryDelayMs;
      const now = error.code === 'STORE_UNAVAILABLE' ? checkpoint : await readCheckpoint(database, at);
      const standing = { ...now, workedMs: now.workedMs + spentMs, pagelessMs: now.pagelessMs + spentMs };
      const judgement = judge(error, standing, request.target.definition, request.timings);
      const result = await act(dependencies, request, judgement, now.walk, spentMs);
      if (result === 'throw') throw error;
      if (result !== 'again') return result;
    }
  }
}

/** The checkpoint to go on from; the run's plan becomes the first walk here. */
async function begin({ database, source }: WalkDependencies, request: WalkRequest): Promise<Checkpoint> {
  const at = placeOf(request);
  const checkpoint = await readCheckpoint(database, at);
  if (checkpoint.walk > 0) return checkpoint;
  failpoint('walk.beforeStart');
  const { mode, reason } = checkpoint;
  const steps = firstSteps(request.target, { mode, reason }, (of) => source.link(of));
  await startWalk(database, { ...at, mode, reason, steps, after: 0 });
  failpoint('walk.afterStart');
  return readCheckpoint(database, at);
}

async function end(database: Database, request: WalkRequest): Promise<SliceResult> {
  const at = placeOf(request);
  const { read, rejected, error } = await readCheckpoint(database, at);
  const percent = read > rejectPercentFrom ? (100 * rejected) / read : 0;
  if (rejected > request.rejects.absolute || percent > request.rejects.percent) {
    const message = `${rejected} of ${read} records of ${at.stream} were set aside, more than the connection allows.`;
    return endWith(database, request, 'failed', new TidemarkError('MAPPING_FAILED', message));
  }
  failpoint('walk.beforeEnd');
  await endWalk(database, { ...at, outcome: error === null ? 'complete' : 'partial', error });
  failpoint('walk.afterEnd');
  return error === null ? { kind: 'done' } : { kind: 'partial', error };
}

async function act(
  { database, source }: WalkDependencies,
  request: WalkRequest,
  judgement: Judgement,
  walk: number,
  spentMs: number,
): Promise<SliceResult | 'again' | 'throw'> {
  const at = placeOf(request);
  switch (judgement.act) {
    case 'restart': {
      const link: Source['link'] = (of) => source.link(of);
      const steps = judgement.list ? listSteps(request.target, link) : firstSteps(request.target, judgement, link);
      await startWalk(database, { ...at, mode: judgement.mode, reason: judgement.reason, steps, after: walk });
      return 'again';
    }
    case 'wait':
      return { kind: 'wait', waitMs: judgement.waitMs };
    case 'end':
      return endWith(database, request, judgement.outcome, judgement.error);
    case 'retry':
      await noteWorked(database, { ...at, workedMs: Math.round(spentMs) });
      return 'throw';
    case 'rethrow':
      return 'throw';
  }
}

async function endWith(
  database: Database,
  request: WalkRequest,
  outcome: 'failed' | 'partial',
  cause: TidemarkError,
): Promise<SliceResult> {
  const error = { code: cause.code, message: cause.message, hint: cause.hint };
  await endWalk(database, { ...placeOf(request), outcome, error });
  return { kind: outcome, error };
}

function resultOf(checkpoint: Checkpoint): SliceResult {
  const { outcome, error } = checkpoint;
  if ((outcome === 'failed' || outcome === 'partial') && error !== null) return { kind: outcome, error };
  return { kind: 'done' };
}

const placeOf = ({ run, target }: WalkRequest): { readonly run: number; readonly connection: string; readonly stream: string } => ({
  run,
  connection: target.connection,
  stream: target.definition.name,
});
