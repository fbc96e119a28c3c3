// The tick's question: whether the occurrence is one, then the entity's answer. Where the clock goes back, Temporal fires some local times twice
// (decision 15: such a time runs once). Idempotent.
import { repeatOf } from '../clients/wallClock.ts';
import { readSpec } from '../connectors/spec.ts';
import { asTidemarkError } from '../errors.ts';
import { ranTheFirstTime } from '../reconcile/missed.ts';
import { getConnection } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { knownOccurrences, noteOccurrence } from '../store/occurrence.ts';
import type { RunAnswer } from '../workflows/messages.ts';
import { askPullDue } from './askPullDue.ts';
import type { Shared } from './dependencies.ts';
import type { PullDueRequest } from './types.ts';

/** @throws ORCHESTRATOR_UNAVAILABLE when the entity does not answer, CONFIG_INVALID when it refuses. */
export async function answerTick(shared: Pick<Shared, 'client' | 'database' | 'metrics'>, request: PullDueRequest): Promise<RunAnswer> {
  if (!(await isRepeated(shared.database, request))) return askPullDue(shared, request);
  const { name, profile, scheduledAt } = request;
  const reason = ranTheFirstTime;
  const news = await noteOccurrence(shared.database, { connection: name, profile, scheduledAt, run: null, outcome: 'skipped', reason });
  if (news) shared.metrics.occurrenceSkipped(reason);
  return { outcome: 'skipped', reason };
}

/** Without its database the entity is asked all the same: it answers without one, and a tick must not stay open. */
async function isRepeated(database: Database, { name, profile, scheduledAt }: PullDueRequest): Promise<boolean> {
  try {
    const connection = await getConnection(database, name);
    const schedule = connection === null ? null : readSpec(connection.spec).profiles.find((one) => one.name === profile)?.schedule;
    const firstMs = schedule === null || schedule === undefined ? null : repeatOf(schedule, Date.parse(scheduledAt));
    if (firstMs === null) return false;
    const first = new Date(firstMs).toISOString();
    const rows = await knownOccurrences(database, { connection: name, profile, from: new Date(firstMs - 1).toISOString(), till: first });
    return rows.some(({ outcome }) => outcome !== 'skipped');
  } catch (error) {
    const { code } = asTidemarkError(error);
    if (code === 'STORE_UNAVAILABLE' || code === 'CONFIG_INVALID') return false;
    throw error;
  }
}
