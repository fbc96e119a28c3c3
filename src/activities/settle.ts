// After the streams: removes what the run's complete walks prove gone, and answers how each stream stands (design 3.7). Or removes what was held and
// is approved. Then the events of documents that this changed, and the findings. Idempotent.
import { activityInfo } from '@temporalio/activity';
import type { Source } from '../clients/source.ts';
import { connectorNamed } from '../connectors/index.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { Approval, Timings } from '../model.ts';
import { settleApproved } from '../pull/approve.ts';
import { noteEvents } from '../pull/events.ts';
import { noteFindings } from '../pull/findings.ts';
import { settleRun } from '../pull/settle.ts';
import type { Asking } from '../pull/stage.ts';
import { streamTargets } from '../pull/target.ts';
import { readProgress } from '../store/walk.ts';
import type { Shared } from './dependencies.ts';
import { type Heartbeat, withHeartbeat } from './heartbeat.ts';
import { pinnedRun } from './pinned.ts';
import type { SettleRequest, StreamEnd } from './types.ts';

/** @throws retried codes; STALE_ATTEMPT when another run has taken over; REMOVALS_HELD when what is approved is not what is held. */
export async function settle(shared: Shared, { run, timings, approve }: SettleRequest): Promise<StreamEnd[]> {
  const { database } = shared;
  return withHeartbeat(timings, shared.draining, async (heartbeat) => {
    const { row, spec } = await pinnedRun(database, run);
    if (approve !== undefined) await removeApproved(shared, { run, spec, approve }, askingOf(heartbeat, timings));
    else if ((await readProgress(database, run)).some(({ outcome }) => outcome === 'complete')) {
      const source = shared.sources.sourceFor(spec);
      await settleRun(
        { database, source },
        {
          run,
          connection: row.connection,
          guard: spec.guard,
          targets: streamTargets(spec, row.profile, row.streams),
          ...askingOf(heartbeat, timings),
        },
      );
    }
    await noteEvents(database, { run, spec, profile: row.profile, alive: heartbeat.alive });
    await noteFindings(database, { run, connection: spec.name, connector: spec.connector, alive: heartbeat.alive });
    return (await readProgress(database, run)).map(({ stream, outcome, error }) => ({ stream, outcome, error }));
  });
}

/** Cancelled before it has marked what it removes, it does nothing. */
async function removeApproved(
  shared: Shared,
  { run, spec, approve }: { readonly run: number; readonly spec: ConnectionSpec; readonly approve: Approval },
  asking: Asking,
): Promise<void> {
  asking.options.signal.throwIfAborted();
  const dependencies = { database: shared.database, source: sourceWhenAsked(shared, spec) };
  const { streams } = connectorNamed(spec.connector);
  await settleApproved(dependencies, { ...asking, ...approve, run, connection: spec.name, streams });
}

/** Most approvals ask the source nothing: then its credentials need not be right. */
function sourceWhenAsked({ sources }: Shared, spec: ConnectionSpec): Pick<Source, 'gone'> {
  return { gone: (of, options) => sources.sourceFor(spec).gone(of, options) };
}

function askingOf({ signal, alive }: Heartbeat, timings: Timings): Asking {
  return {
    options: { signal, alive, longestWaitMs: timings.longWaitMs },
    maxWaitMs: timings.maxWaitMs,
    lastTry: activityInfo().attempt * timings.retryMaximumMs > timings.pagelessLimitMs,
  };
}
