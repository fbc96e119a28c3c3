// One look at a profile's schedule: the nominal times since the look before, as Temporal lists them, each with its row in the end (I15).
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { repeatOf, skippedTimes } from '../clients/wallClock.ts';
import type { Schedule } from '../clients/calendar.ts';
import type { DescribedSchedule } from '../clients/ensureSchedule.ts';
import { catchupWindowMs } from '../clients/scheduleSpec.ts';
import { matchingTimes } from '../clients/schedules.ts';
import type { Database } from '../store/database.ts';
import { knownOccurrences } from '../store/occurrence.ts';
import { recordLook, type Watch } from '../store/watch.ts';
import { runningWorkflow } from './entity.ts';
import { judgeMissed, type Seen } from './missed.ts';

interface Looked {
  readonly client: Client;
  readonly database: Database;
  readonly watch: Watch;
  readonly schedule: Schedule;
  readonly found: DescribedSchedule;
  readonly did: Seen['did'];
  /** Occurrences up to here are looked at; epoch milliseconds. */
  readonly tillMs: number;
  readonly nowMs: number;
}

/** A watch is written at least this often: until then an empty span is looked at again. */
const writtenEveryMs = 3_600_000;

/** Writes the rows of what did not run; answers how many are new. Idempotent. @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function look(of: Looked): Promise<number> {
  const { client, database, watch, schedule, found, nowMs } = of;
  const { connection, profile } = watch;
  let fromMs = Date.parse(watch.lookedTill);
  let rows = 0;
  while (fromMs < of.tillMs) {
    const { times, tillMs } = await matchingTimes(client, { name: connection, profile, fromMs, tillMs: of.tillMs });
    const skippedByClock = skippedTimes(schedule, fromMs, tillMs);
    const outcomes = await outcomesOf(database, watch, [...times, ...skippedByClock]);
    const missing = times.filter((at) => !outcomes.has(at));
    const seen = await seenIn(client, watch, found, { did: of.did, missing });
    const repeated = new Set(missing.filter((at) => hasRun(outcomes, repeatOf(schedule, at))));
    const span = {
      listed: times,
      skippedByClock,
      repeated,
      known: new Set(outcomes.keys()),
      tillMs,
      nowMs,
      catchupMs: catchupWindowMs(schedule),
    };
    const missed = judgeMissed(span, seen);
    if (times.length > 0 || skippedByClock.length > 0 || seen.paused !== watch.paused || tillMs - fromMs >= writtenEveryMs) {
      rows += await recordLook(database, watch, {
        connection,
        profile,
        lookedTill: iso(missed.tillMs),
        paused: seen.paused,
        late: countOf(found.info?.missedCatchupWindow),
        overlapped: countOf(found.info?.overlapSkipped),
        skipped: missed.skipped.map(({ atMs, reason }) => ({ scheduledAt: iso(atMs), reason })),
      });
    }
    if (missed.tillMs < tillMs) break;
    fromMs = tillMs;
  }
  return rows;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const countOf = (count: { toNumber(): number } | null | undefined): number => count?.toNumber() ?? 0;

const hasRun = (outcomes: ReadonlyMap<number, string>, first: number | null): boolean =>
  first !== null && ['ran', 'queued'].includes(outcomes.get(first) ?? '');

const longestShiftMs = 3 * 3_600_000;

/** By time, what became of those that have a row; from a little before, for local times that come twice. */
async function outcomesOf(database: Database, watch: Watch, times: readonly number[]): Promise<Map<number, string>> {
  if (times.length === 0) return new Map();
  const span = { from: iso(Math.min(...times) - longestShiftMs), till: iso(Math.max(...times)) };
  const rows = await knownOccurrences(database, { connection: watch.connection, profile: watch.profile, ...span });
  return new Map(rows.map(({ scheduledAt, outcome }) => [Date.parse(scheduledAt), outcome]));
}

const running = 1;

async function seenIn(
  client: Client,
  watch: Watch,
  { info, schedule }: DescribedSchedule,
  of: { readonly did: Seen['did']; readonly missing: readonly number[] },
): Promise<Seen> {
  const fired = new Set<number>();
  const maybeOpen = new Map<number, string>();
  for (const { startWorkflowResult, startWorkflowStatus } of info?.recentActions ?? []) {
    const at = nominalOf(startWorkflowResult?.workflowId);
    if (at === null) continue;
    fired.add(at);
    if (startWorkflowStatus === running) maybeOpen.set(at, startWorkflowResult?.workflowId ?? '');
  }
  for (const { workflowId } of info?.runningWorkflows ?? []) {
    const at = nominalOf(workflowId);
    if (at !== null) maybeOpen.set(at, workflowId ?? '');
  }
  const open = new Set<number>();
  // Temporal notes the end of a tick a little late: asked by id.
  for (const at of of.missing) {
    const workflowId = maybeOpen.get(at);
    if (workflowId !== undefined && (await runningWorkflow(client, workflowId)) !== null) open.add(at);
  }
  const next = info?.futureActionTimes?.[0];
  return {
    did: of.did,
    paused: schedule?.state?.paused === true ? (schedule.state.notes ?? '') : null,
    pausedBefore: watch.paused,
    // Counters of a Schedule that was made anew begin at nothing.
    late: since(countOf(info?.missedCatchupWindow), watch.late),
    overlapped: since(countOf(info?.overlapSkipped), watch.overlapped),
    fired,
    open,
    nextMs: next === undefined || next === null ? null : tsToMs(next),
  };
}

const since = (now: number, before: number): number => (now < before ? now : now - before);

/** Temporal ends a tick's workflow id with its nominal time. */
function nominalOf(workflowId: string | null | undefined): number | null {
  const suffix = /-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(workflowId ?? '')?.[1];
  return suffix === undefined ? null : Date.parse(suffix);
}
