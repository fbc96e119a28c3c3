// One slice of one stream: as many pages as fit, ended at a page boundary (design 5). All that a crash must not lose is in the checkpoint.
import { activityInfo } from '@temporalio/activity';
import { connectorNamed } from '../connectors/index.ts';
import { codes, TidemarkError } from '../errors.ts';
import { isFinding, type SliceResult, type Timings } from '../model.ts';
import { noLists } from '../pull/score.ts';
import { streamTargets } from '../pull/target.ts';
import { walkStream } from '../pull/walk.ts';
import { getConnection } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { writeLog } from '../store/log.ts';
import { getRun } from '../store/run.ts';
import { endWalk } from '../store/walk.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { pinnedRun } from './pinned.ts';
import type { StreamRequest } from './types.ts';

/**
 * May be called again at any time: a stream that has ended is not read again. Answers for the first stream that has not ended, else how the last one did.
 * @throws retried codes; STALE_ATTEMPT when another run has taken over.
 */
export async function pullStream(shared: Shared, { stream, along = [], ...request }: StreamRequest): Promise<SliceResult> {
  const until = performance.now() + request.timings.sliceMs;
  let result = await pullOne(shared, { ...request, stream });
  for (const next of along) {
    if (result.kind === 'more' || result.kind === 'wait') break;
    const timings = { ...request.timings, sliceMs: Math.max(until - performance.now(), 0) };
    result = await pullOne(shared, { ...request, stream: next, timings });
  }
  return result;
}

async function pullOne(shared: Shared, request: StreamRequest): Promise<SliceResult> {
  const result = await slice(shared, request);
  const { run, connection, stream } = request;
  if (result.kind === 'failed' || result.kind === 'partial') {
    const { code, message, hint } = result.error;
    await writeLog(shared.database, { connection, run, level: 'error', message: `${stream}: ${message}`, details: { code, hint } });
  }
  return result;
}

async function slice(shared: Shared, request: StreamRequest): Promise<SliceResult> {
  const { database } = shared;
  const { run, connection, stream, timings } = request;
  try {
    return await withHeartbeat(timings, shared.draining, async ({ signal, alive }) => {
      const { row, spec } = await pinnedRun(database, run);
      const lists = tellsFindings(spec.connector, stream) ? await shared.lists() : noLists;
      const target = streamTargets(spec, row.profile, row.streams, lists).find(({ definition }) => definition.name === stream);
      if (target === undefined) throw new TidemarkError('CONFIG_INVALID', `Run ${run} has no stream "${stream}".`);
      const source = shared.sources.sourceFor(spec);
      const retryDelayMs = retryDelay(activityInfo().attempt, timings);
      const registries = shared.sources.registriesFor(spec);
      return walkStream({ database, source, registries }, { run, target, rejects: spec.rejects, timings, signal, alive, retryDelayMs });
    });
  } catch (error) {
    if (!(error instanceof TidemarkError) || codes[error.code].retried) throw error;
    if (error.code === 'STALE_ATTEMPT') {
      // Two attempts of this stream met, and one of them lost: this one is the one that Temporal waits for.
      if (await isCurrent(database, run, connection)) return { kind: 'more' };
      throw error;
    }
    // The walk did not begin: there is no source to read. Its checkpoint says why.
    const { code, message, hint } = error;
    await endWalk(database, { run, connection, stream, outcome: 'failed', error: { code, message, hint } });
    return { kind: 'failed', error: { code, message, hint } };
  }
}

/** Only what tells findings is scored: a list that cannot be read fails no other stream. */
const tellsFindings = (connector: string, stream: string): boolean =>
  connectorNamed(connector).streams.some(({ name, class: of }) => name === stream && isFinding(of));

async function isCurrent(database: Database, run: number, connection: string): Promise<boolean> {
  const [row, owner] = await Promise.all([getRun(database, run), getConnection(database, connection)]);
  return row !== null && row.verdict === null && owner?.fence === run;
}

/** What Temporal waits after a failure of this attempt. */
function retryDelay(attempt: number, { retryInitialMs, retryMaximumMs }: Timings): number {
  return Math.min(retryInitialMs * 2 ** (attempt - 1), retryMaximumMs);
}
