// One run of one profile (design 3.3 to 3.9): plan, read the streams side by side, settle, write files where there are some, finish. Workflow `pull:NAME:N`, a child of the entity.
// MUST reach finishRun whatever happened before it: the row's verdict is what everything else waits for (I9).
import { CancellationScope, isCancellation, log, setHandler, sleep } from '@temporalio/workflow';
import type { StreamEnd } from '../activities/types.ts';
import { codes } from '../errors.ts';
import type { Approval, ErrorBrief, OpenedRun, RunBrief, RunPlan, Verdict } from '../model.ts';
import { decide } from './decide.ts';
import { briefOf } from './failures.ts';
import { checkStopInput } from './input.ts';
import { type StopInput, stopSignal } from './messages.ts';
import { judgeFiles, writeFiles } from './orderFiles.ts';
import { exporting, finishing, pulling, short } from './options.ts';

interface End {
  readonly verdict: Verdict;
  readonly error: ErrorBrief | null;
  /** Why it was stopped. */
  readonly reason: string | null;
}

export async function pull(opened: OpenedRun): Promise<RunBrief> {
  const streams = new CancellationScope();
  const told: { stop: StopInput | null } = { stop: null };
  setHandler(stopSignal, (raw: unknown) => {
    told.stop ??= readStop(raw);
    if (told.stop !== null) streams.cancel();
  });
  const { run, connection, timings } = opened;
  const end = await reachEnd(opened, streams, told);
  return CancellationScope.nonCancellable(() =>
    finishing(timings).finishRun.executeWithOptions({ summary: end.verdict }, [{ run, connection, ...end }]),
  );
}

/** Never fails: what goes wrong is the run's verdict. */
async function reachEnd(opened: OpenedRun, streams: CancellationScope, told: { readonly stop: StopInput | null }): Promise<End> {
  const { run, connection, timings, approve } = opened;
  try {
    if (approve !== undefined) return await removeApproved(opened, approve, streams, told);
    if (opened.orders === true) {
      const ends = await writeFiles(opened, streams);
      return streams.consideredCancelled ? stopped(told.stop) : { ...judgeFiles(ends), reason: null };
    }
    const plan = planOf(opened);
    if (!(await isPlanned(opened, plan, streams))) return stopped(told.stop);
    const failures = await readStreams(opened, plan, streams);
    if (streams.consideredCancelled) return stopped(told.stop);
    const ends = await CancellationScope.nonCancellable(() => pulling(timings).settle({ run, connection, timings }));
    return await exported(opened, judge(ends.map((end) => ({ ...end, error: end.error ?? failures.get(end.stream) ?? null }))));
  } catch (error) {
    const brief = briefOf(error);
    return { verdict: brief.code === 'STALE_ATTEMPT' ? 'superseded' : 'failed', error: brief, reason: null };
  }
}

/** A run that removes what was approved. Stopped before it removes anything, it ends as stopped; once it removes, it goes through. */
async function removeApproved(
  opened: OpenedRun,
  approve: Approval,
  streams: CancellationScope,
  told: { readonly stop: StopInput | null },
): Promise<End> {
  const { run, connection, timings } = opened;
  const removing = (): Promise<StreamEnd[]> =>
    pulling(timings).settle.executeWithOptions({ summary: 'removals approved' }, [{ run, connection, timings, approve }]);
  try {
    await streams.run(removing);
  } catch (error) {
    if (streams.consideredCancelled && isCancellation(error)) return stopped(told.stop);
    throw error;
  }
  return exported(opened, { verdict: 'complete', error: null, reason: null });
}

/** A complete run writes its files. Where they cannot be written the run is not complete: what it read stays, and the next one writes what is missing. */
async function exported({ run, connection, timings, exports }: OpenedRun, end: End): Promise<End> {
  if (exports !== true || end.verdict !== 'complete') return end;
  try {
    await CancellationScope.nonCancellable(() => exporting(timings).exportSet({ run, connection, timings }));
    return end;
  } catch (error) {
    const brief = briefOf(error);
    return { verdict: brief.code === 'STALE_ATTEMPT' ? 'superseded' : 'partial', error: brief, reason: null };
  }
}

/** Waits for the run's turn and plans it; false when it was stopped meanwhile. */
async function isPlanned(opened: OpenedRun, plan: RunPlan, streams: CancellationScope): Promise<boolean> {
  const { run, connection, timings } = opened;
  const planning = (): Promise<void> => short(timings).planRun.executeWithOptions({ summary: plan.reason }, [{ run, connection, plan }]);
  // A run that an earlier release opened does not wait: there is no cancellation in its history.
  if (opened.waits !== true) await CancellationScope.nonCancellable(planning);
  else {
    try {
      await streams.run(planning);
    } catch (error) {
      if (!streams.consideredCancelled) throw error;
      return false;
    }
  }
  return true;
}

export function planOf({ facts, trigger, nominalAt, baseline, timings }: OpenedRun): RunPlan {
  return decide({ facts, trigger, nominalAt, baseline, cursorMaxAgeMs: timings.cursorMaxAgeMs });
}

/**
 * Reads all streams at once, those apart that are read after others, or along with another; one that fails does not stop the others (decision 8).
 * Answers the failures that no checkpoint may have.
 */
async function readStreams(opened: OpenedRun, plan: RunPlan, streams: CancellationScope): Promise<ReadonlyMap<string, ErrorBrief>> {
  const failures = new Map<string, ErrorBrief>();
  const reading = new Map<string, Promise<void>>();
  const alongOf = new Map(opened.facts.map(({ stream, along = stream }) => [stream, along]));
  const read = async (stream: string): Promise<void> => {
    const { after = [] } = opened.facts.find((facts) => facts.stream === stream) ?? {};
    const along = plan.streams.flatMap((one) => (one.stream !== stream && alongOf.get(one.stream) === stream ? [one.stream] : []));
    const earlier = plan.streams.filter((candidate) => after.includes(candidate.stream));
    // Awaited only where there is something to wait for: streams without it begin at once, in their order.
    if (earlier.length > 0) await Promise.all(earlier.map((one) => start(one.stream)));
    try {
      await readStream(opened, stream, along, streams);
    } catch (error) {
      if (!isCancellation(error)) for (const one of [stream, ...along]) failures.set(one, briefOf(error));
    }
  };
  const start = (of: string): Promise<void> => {
    const stream = alongOf.get(of) ?? of;
    const ended = reading.get(stream) ?? read(stream);
    reading.set(stream, ended);
    return ended;
  };
  await streams.run(() => Promise.all(plan.streams.map(({ stream }) => start(stream))));
  return failures;
}

/** Slice after slice until the walk has ended or the run is stopped. A stopped slice ends at its page boundary and answers `more`. */
async function readStream(
  { run, connection, timings }: OpenedRun,
  stream: string,
  along: readonly string[],
  streams: CancellationScope,
): Promise<void> {
  const request = { run, connection, stream, ...(along.length === 0 ? {} : { along }), timings };
  while (!streams.consideredCancelled) {
    const slice = await pulling(timings).pullStream.executeWithOptions({ summary: [stream, ...along].join(', ') }, [request]);
    if (slice.kind === 'wait') await sleep(slice.waitMs, { summary: `${stream}: the source asked for a pause` });
    else if (slice.kind !== 'more') return;
  }
}

function stopped(stop: StopInput | null): End {
  if (stop === null) return { verdict: 'cancelled', error: null, reason: 'its workflow was cancelled' };
  return { verdict: stop.verdict, error: null, reason: stop.reason };
}

function judge(ends: readonly StreamEnd[]): End {
  const bad = ends.filter(({ outcome }) => outcome !== 'complete' && outcome !== 'skipped');
  const [first] = bad;
  if (first === undefined) return { verdict: 'complete', error: null, reason: null };
  const stale = bad.find(({ error }) => error?.code === 'STALE_ATTEMPT');
  if (stale !== undefined) return { verdict: 'superseded', error: stale.error, reason: null };
  if (bad.length === ends.length && bad.every(({ outcome }) => outcome !== 'partial'))
    return { verdict: 'failed', error: first.error, reason: null };
  const message = `Not complete: ${bad.map(({ stream }) => stream).join(', ')}.`;
  return { verdict: 'partial', error: { code: 'RUN_PARTIAL', message, hint: codes.RUN_PARTIAL.hint }, reason: null };
}

function readStop(raw: unknown): StopInput | null {
  try {
    return checkStopInput(raw);
  } catch (error) {
    log.warn('A stop signal was ignored.', { reason: error instanceof Error ? error.message : 'bad payload' });
    return null;
  }
}
