// One profile with a schedule: its Schedule repaired, its occurrences accounted for, its last success weighed.
// MUST NOT undo an operator's pause.
import type { Client } from '@temporalio/client';
import type { Schedule } from '../clients/calendar.ts';
import { ensureTick } from '../clients/schedules.ts';
import type { Logger } from '../log.ts';
import type { Database } from '../store/database.ts';
import { writeLog } from '../store/log.ts';
import { markOverdue, type Watch, watchSchedule } from '../store/watch.ts';
import { look } from './look.ts';
import { overdueSince } from './overdue.ts';

/** What the reconciler works with. */
export interface Tools {
  readonly client: Client;
  readonly database: Database;
  readonly logger: Logger;
}

export interface ProfileFound {
  readonly name: string;
  readonly profile: string;
  readonly schedule: Schedule;
  /** null: nobody watches it yet. */
  readonly watch: Watch | null;
  readonly lastSuccess: string | null;
  /** The connection is paused: no success is to be expected. */
  readonly connectionPaused: boolean;
  /** The database's time. */
  readonly nowMs: number;
}

export interface ProfileDone {
  readonly repaired: boolean;
  /** The entity foretells other times than Temporal now does. */
  readonly timesChanged: boolean;
  readonly skipped: number;
  readonly overdue: boolean;
}

/** A tick and the row of its occurrence need a moment; what is younger is left for the next look. */
const settlingMs = 30_000;
/** An `apply` writes the row first and the Schedule then: what it has not come to yet, nobody changed by hand. */
const applyingMs = 60_000;

/** @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function reconcileProfile(tools: Tools, found: ProfileFound): Promise<ProfileDone> {
  const { client, database } = tools;
  const { name, profile, schedule, nowMs } = found;
  const watch = found.watch ?? (await watchSchedule(database, { connection: name, profile }));
  const { did, found: described } = await ensureTick(client, { name, profile, schedule });
  if (did !== 'nothing' && nowMs - Date.parse(watch.since) > applyingMs) {
    const how = did === 'created' ? 'was missing in Temporal and has been made again' : 'was changed by hand and has been repaired';
    await say(tools, name, `The schedule of ${name}:${profile} ${how}.`, { profile });
  }
  const skipped = await look({ client, database, watch, schedule, found: described, did, tillMs: nowMs - settlingMs, nowMs });
  const paused = described.schedule?.state?.paused === true;
  const overdue = await weigh(tools, found, watch, paused);
  return { repaired: did !== 'nothing', timesChanged: did !== 'nothing' || paused !== (watch.paused !== null), skipped, overdue };
}

/** Flags the profile, once; takes the flag back when it has succeeded. A pause explains itself. */
async function weigh(tools: Tools, found: ProfileFound, watch: Watch, paused: boolean): Promise<boolean> {
  const { name, profile, schedule, lastSuccess, nowMs } = found;
  const sinceMs = Date.parse(watch.since);
  const lastSuccessMs = lastSuccess === null ? null : Date.parse(lastSuccess);
  const from = paused || found.connectionPaused ? null : overdueSince({ schedule, sinceMs, lastSuccessMs, nowMs });
  const since = from === null ? null : new Date(from).toISOString();
  if (since !== watch.overdueSince) await markOverdue(tools.database, { connection: name, profile, since });
  if (since !== null && watch.overdueSince === null) {
    await say(tools, name, `${name}:${profile} has had no complete run since ${since}: two of its periods or longer.`, { profile, since });
  }
  return since !== null;
}

async function say({ database, logger }: Tools, connection: string, message: string, details: Record<string, string>): Promise<void> {
  logger.warn(message, { connection, ...details });
  await writeLog(database, { connection, run: null, level: 'warning', message, details });
}
