// What a killed worker costs: full pulls killed by SIGKILL at several moments, taken up by another worker, their requests compared with those
// of an undisturbed one.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './support/installation.ts';
import { askForRun, awaitRun, measureRun, requestsByStream } from './support/runs.ts';

/** When the worker is killed: after these parts of the requests. */
const moments = [0.2, 0.4, 0.6, 0.8];
/** A dead worker is noticed after its heartbeat timeout; the shipped one would only make this longer. */
const timings = { TIDEMARK_TIMINGS: JSON.stringify({ heartbeatTimeoutMs: 2_000, retryInitialMs: 200 }) };

export interface CrashFigures {
  readonly kills: number;
  /** The most pages of one stream that one kill made to be fetched again. */
  readonly most: number;
  /** By stream, one number for each kill. */
  readonly again: Readonly<Record<string, readonly number[]>>;
}

/** Ends with a fresh worker. The tenant MUST NOT change meanwhile. */
export async function measureCrashes(of: Installation): Promise<CrashFigures> {
  await of.worker.stop();
  await of.startWorker(timings);
  // The first full pull settles what changed before; the second is the measure.
  await measureRun(of, { full: true });
  const undisturbed = requestsByStream((await measureRun(of, { full: true })).requests);
  const total = [...undisturbed.values()].reduce((sum, count) => sum + count, 0);
  const again: Record<string, number[]> = {};
  for (const moment of moments) {
    await of.simulator.resetRequests();
    const run = await askForRun(of, { full: true });
    while ((await of.simulator.requests()).length < moment * total) await sleep(2);
    await of.worker.kill();
    await of.startWorker(timings);
    await awaitRun(of, run);
    const counted = requestsByStream(await of.simulator.requests());
    for (const [stream, count] of undisturbed) {
      if (stream !== 'sign-in') (again[stream] ??= []).push((counted.get(stream) ?? 0) - count);
    }
  }
  return { kills: moments.length, most: Math.max(...Object.values(again).flat()), again };
}
