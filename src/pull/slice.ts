// A slice of a walk: page by page, each committed with its checkpoint (design 3.6).
// MUST hold no state that a crash would lose: whatever the next attempt needs is in the checkpoint. No more than two pages are fetched and not committed.
import type { Registries } from '../clients/registry/registries.ts';
import type { Source, SourcePage } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { Step, Timings } from '../model.ts';
import type { Database } from '../store/database.ts';
import type { Checkpoint } from '../store/walk.ts';
import { commitFetched, lookingAt, prepareFetched } from './commit.ts';
import type { Position } from './commit.ts';
import { bothNew, newOf, nothingNew } from './known.ts';
import type { PageWrites, StreamTarget } from './page.ts';
import { nextSteps, phaseOf } from './plan.ts';
import { readers } from './readers.ts';
import { storedPage } from './stored.ts';

export interface WalkDependencies {
  readonly database: Database;
  readonly source: Source;
  /** null where the connector reads none. */
  readonly registries: Registries | null;
}

export interface SliceRequest {
  readonly run: number;
  readonly target: StreamTarget;
  readonly timings: Timings;
  /** Aborted when the worker drains or the run is stopped: the slice ends at the page boundary with `more`. */
  readonly signal: AbortSignal;
  /** Called at every sign of life, and with the length of each wait before it. */
  readonly alive: (waitMs?: number) => void;
}

/** A chain of so many pages without a new id never ends (decision 60). */
const barrenLimit = 1_000;

/** By which a slice ends, and by which worked time is counted. */
interface Clock {
  readonly startedAt: number;
  committedAt: number;
}

/**
 * Reads and commits until the stack of steps is empty (`ended`), or the slice has lasted long enough or is asked to stop (`over`). While a page commits
 * the next one is fetched and prepared.
 */
export async function readSlice(
  dependencies: WalkDependencies,
  request: SliceRequest,
  checkpoint: Checkpoint,
  clock: Clock,
): Promise<'ended' | 'over'> {
  failpoint('slice.taken');
  const { database, source } = dependencies;
  const { run, target, signal, alive, timings } = request;
  const reads = new AbortController();
  const options = { signal: AbortSignal.any([signal, reads.signal]), alive, longestWaitMs: timings.longWaitMs };
  const begun: Position = { ...checkpoint, asPrepared: true };
  const work = { database, run, target };
  const commit = async (from: Position, page: SourcePage, writes: PageWrites, after: readonly Step[]): Promise<Position> => {
    const workedMs = Math.round(performance.now() - clock.committedAt);
    const position = await commitFetched(work, from, page, writes, { after, workedMs });
    clock.committedAt = performance.now();
    alive();
    if (position.barren >= barrenLimit) throw endless(target);
    return position;
  };
  let committing = Promise.resolve(begun);
  /** What of the page that is committing was new; nothing, where the next one is of another collection. */
  let committingNew = nothingNew;
  let ahead = lookingAt(begun);
  let fetched = fetchNext(dependencies, request, begun, options);
  try {
    while (fetched !== null) {
      const next = fetched;
      // A commit that fails ends the wait for it.
      const page = await Promise.race([next, committing.then(() => next)]);
      failpoint('page.afterFetch');
      // While the page before it commits.
      const preparing = settledLater(prepareFetched(work, ahead, page));
      const position = await committing;
      const over = signal.aborted || performance.now() - clock.startedAt >= timings.sliceMs;
      if (over && position !== begun) return 'over';
      const after = nextSteps(target, position.steps, page, (of) => source.link(of));
      // No more than two pages are fetched and not committed.
      fetched = fetchNext(dependencies, request, { steps: after, cursor: page.cursor ?? position.cursor }, options);
      const { writes, leaves } = await (position.asPrepared ? preparing : prepareFetched(work, lookingAt(position), page));
      committing = settledLater(commit(position, page, writes, after));
      const sameCollection = after.at(-1)?.phase === position.steps.at(-1)?.phase;
      const pageNew = sameCollection ? newOf(writes) : nothingNew;
      const asNew = position.asPrepared ? bothNew(committingNew, pageNew) : nothingNew;
      committingNew = pageNew;
      ahead = { walk: position.walk, steps: after, asNew, before: { committed: committing, leaves: sameCollection ? leaves : null } };
    }
    await committing;
  } finally {
    reads.abort();
    // What is under way ends first: what becomes of the walk is judged by its checkpoint.
    await Promise.allSettled([committing]);
  }
  failpoint('walk.afterLastPage');
  return 'ended';
}

function endless({ definition }: StreamTarget): TidemarkError {
  return new TidemarkError(
    'LINK_REFUSED',
    `${barrenLimit} pages of ${definition.name} in a row had nothing new: their links lead in a circle.`,
  );
}

function fetchNext(
  { database, source, registries }: WalkDependencies,
  { run, target }: Pick<SliceRequest, 'run' | 'target'>,
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
  return settledLater(page);
}

/** Awaited on the next turn; until then a failure must not count as unhandled. */
function settledLater<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
