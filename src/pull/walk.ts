// Reads one stream of a run to its end, page by page, each committed with its checkpoint (design 3.4 to 3.6).
// MUST hold no state that a crash would lose: whatever the next attempt needs is in the checkpoint.
import type { Registries } from '../clients/registry/registries.ts';
import type { Source, SourcePage } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { SliceResult, Timings } from '../model.ts';
import type { Database } from '../store/database.ts';
import { endWalk, noteWorked, readCheckpoint, resumeWalk, startWalk } from '../store/walk.ts';
import type { Checkpoint } from '../store/walk.ts';
import { commitFetched } from './commit.ts';
import type { Position } from './commit.ts';
import { judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import type { StreamTarget } from './page.ts';
import { firstSteps, listSteps, nextSteps, phaseOf } from './plan.ts';
import { readers } from './readers.ts';
import { storedPage } from './stored.ts';

export interface WalkDependencies {
  readonly database: Database;
  readonly source: Source;
  /** null where the connector reads none. */
  readonly registries: Registries | null;
}

export interface WalkRequest {
  readonly run: number;
  readonly target: StreamTarget;
  /** More set-aside records than this fail the stream; `percent` counts where it read more than 20. */
  readonly rejects: { readonly absolute: number; readonly percent: number };
  readonly timings: Timings;
  /** Aborted when the worker drains or the run is stopped: the slice ends at the page boundary with `more`. */
  readonly signal: AbortSignal;
  /** Called at every sign of life, and with the length of each wait before it. */
  readonly alive: (waitMs?: number) => void;
  /** How long Temporal waits after a failure of this attempt. It counts as worked time, so that a dead source ends the run. */
  readonly retryDelayMs: number;
}

const rejectPercentFrom = 20;
/** A chain of so many pages without a new id never ends (decision 60). */
const barrenLimit = 1_000;

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
      return await readOn(dependencies, request, checkpoint, clock);
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

interface Clock {
  readonly startedAt: number;
  committedAt: number;
}

/** Reads and commits until the stack of steps is empty, the slice is over or it is asked to stop. */
async function readOn(dependencies: WalkDependencies, request: WalkRequest, checkpoint: Checkpoint, clock: Clock): Promise<SliceResult> {
  failpoint('slice.taken');
  const { database, source } = dependencies;
  const { run, target, signal, alive, timings } = request;
  const reads = new AbortController();
  const options = { signal: AbortSignal.any([signal, reads.signal]), alive, longestWaitMs: timings.longWaitMs };
  let position: Position = checkpoint;
  let fetched = fetchNext(dependencies, request, position, options);
  try {
    while (fetched !== null) {
      const page = await fetched;
      failpoint('page.afterFetch');
      const after = nextSteps(target, position.steps, page, (of) => source.link(of));
      // One page ahead, never more: it is fetched while this one commits.
      fetched = fetchNext(dependencies, request, { steps: after, cursor: page.cursor ?? position.cursor }, options);
      const workedMs = Math.round(performance.now() - clock.committedAt);
      position = await commitFetched({ database, run, target, workedMs }, position, page, after);
      clock.committedAt = performance.now();
      alive();
      if (position.barren >= barrenLimit) throw endless(target);
      const over = signal.aborted || performance.now() - clock.startedAt >= timings.sliceMs;
      if (over && fetched !== null) return { kind: 'more' };
    }
  } finally {
    reads.abort();
  }
  failpoint('walk.afterLastPage');
  return end(database, request);
}

function endless({ definition }: StreamTarget): TidemarkError {
  return new TidemarkError(
    'LINK_REFUSED',
    `${barrenLimit} pages of ${definition.name} in a row had nothing new: their links lead in a circle.`,
  );
}

function fetchNext(
  { database, source, registries }: WalkDependencies,
  { run, target }: Pick<WalkRequest, 'run' | 'target'>,
  of: Pick<Position, 'steps' | 'cursor'>,
  options: Parameters<Source['page']>[1],
): Promise<SourcePage> | null {
  const step = of.steps.at(-1);
  if (step === undefined) return null;
  const link = step.link ?? of.cursor;
  if (link === null) throw new TidemarkError('INTERNAL', `The walk has no cursor for its ${step.phase} round.`);
  failpoint('page.beforeFetch');
  const { stored, reader } = phaseOf(target, step.phase);
  const page = stored
    ? storedPage(database, target, link)
    : reader === null
      ? source.page(link, options)
      : readers[reader]({ database, registries }, { run, target }, link, options);
  // Awaited on the next turn; until then a failure must not count as unhandled.
  page.catch(() => undefined);
  return page;
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
