// Temporal Schedules: one per active profile that has a schedule, `NAME:PROFILE`, which starts the tick (design 3.1, decisions 14 and 15).
// MUST NOT touch a Schedule's paused flag and note: they belong to the operator.
import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import { scheduleId } from '../workflows/ids.ts';
import type { Schedule } from './calendar.ts';
import { describeSchedule, type Ensured, ensureSchedule } from './ensureSchedule.ts';
import { everySchedule, tickSchedule } from './scheduleSpec.ts';
import { nextTimes } from './wallClock.ts';

/**
 * Makes the Schedules of a connection what its file says. `former` names the profiles it had before: Temporal's own list learns of a Schedule a
 * moment late, and is asked only for what nobody remembers. Idempotent; repairs one that was changed or deleted by hand.
 * @throws ORCHESTRATOR_UNAVAILABLE
 */
export async function syncSchedules(
  client: Client,
  { name, profiles }: Pick<ConnectionSpec, 'name' | 'profiles'>,
  former: readonly string[] = [],
): Promise<void> {
  const kept = new Set<string>();
  for (const { name: profile, status, schedule } of profiles) {
    if (status === 'inactive' || schedule === null) continue;
    kept.add(scheduleId(name, profile));
    await ensureTick(client, { name, profile, schedule });
  }
  await asOrchestrator(`The schedules of ${name}`, async () => {
    const remembered = [...profiles.map((profile) => profile.name), ...former].map((profile) => scheduleId(name, profile));
    const left = new Set([...remembered, ...(await scheduleIds(client, name))].filter((id) => !kept.has(id)));
    for (const id of left) await removeSchedule(client, id);
  });
}

/** Removes every Schedule of a connection; `former` as above. Idempotent. @throws ORCHESTRATOR_UNAVAILABLE */
export function deleteSchedules(client: Client, name: string, former: readonly string[]): Promise<void> {
  return syncSchedules(client, { name, profiles: [] }, former);
}

/** Makes the Schedule of one profile what it is to be, and tells what it was. Writes only what differs. @throws ORCHESTRATOR_UNAVAILABLE, CONFIG_INVALID */
export async function ensureTick(
  client: Client,
  of: { readonly name: string; readonly profile: string; readonly schedule: Schedule },
): Promise<Ensured> {
  const id = scheduleId(of.name, of.profile);
  const wanted = tickSchedule(of);
  return asOrchestrator(`The schedule of ${id}`, () => ensureSchedule(client, id, wanted));
}

/** Removes the Schedule of one profile. Idempotent. @throws ORCHESTRATOR_UNAVAILABLE */
export function deleteSchedule(client: Client, of: { readonly name: string; readonly profile: string }): Promise<void> {
  const id = scheduleId(of.name, of.profile);
  return asOrchestrator(`The schedule of ${id}`, () => removeSchedule(client, id));
}

/** Starts the workflow `reconcile` every 5 minutes; an operator may pause it. */
const reconciling = { scheduleId: 'tidemark-reconcile', workflowId: 'tidemark-reconcile', everyMs: 5 * 60_000 } as const;

/** Makes the Schedule of the reconciler what it is to be. Idempotent. @throws ORCHESTRATOR_UNAVAILABLE */
export function ensureReconciler(client: Client): Promise<Ensured> {
  const wanted = everySchedule({ ...reconciling, workflowType: 'reconcile' });
  return asOrchestrator('The schedule of the reconciler', () => ensureSchedule(client, reconciling.scheduleId, wanted));
}

export interface SchedulePlan {
  /** The next times that it fires, ISO-8601; none while it is paused. */
  readonly next: readonly string[];
  /** The operator's note; null when it is not paused. */
  readonly paused: string | null;
}

/** What Temporal will do for a profile; null when there is no Schedule. @throws ORCHESTRATOR_UNAVAILABLE */
export async function schedulePlan(
  client: Client,
  of: { readonly name: string; readonly profile: string; readonly now: Date },
): Promise<SchedulePlan | null> {
  const described = await asOrchestrator(`The schedule of ${of.name}`, () => describeSchedule(client, scheduleId(of.name, of.profile)));
  if (described === null) return null;
  const paused = described.schedule?.state?.paused === true ? (described.schedule.state.notes ?? '') : null;
  const times = (described.info?.futureActionTimes ?? []).map((time) => tsToMs(time)).filter((time) => time > of.now.getTime());
  return { paused, next: paused === null ? times.map((time) => new Date(time).toISOString()) : [] };
}

const longestNote = 200;

/** Why no occurrence comes: `schedule ended`, or `paused` with the operator's note (null: not paused); null when one comes (decisions 13 and 14). */
export function whyNoneComes(schedule: Schedule, paused: string | null, nowMs: number): string | null {
  if (nextTimes(schedule, nowMs, 1).length === 0) return 'schedule ended';
  return paused === null ? null : pausedFor(paused);
}

/** An operator's pause of a Schedule in words, with its note. */
export function pausedFor(note: string): string {
  return note === '' ? 'paused' : `paused: ${note.slice(0, longestNote)}`;
}

/** How many times Temporal lists at once. */
const listedAtOnce = 1000;

/**
 * The nominal times of a Schedule as Temporal itself lists them, in epoch milliseconds; `from` exclusive, `till` inclusive. When there are more than
 * Temporal lists at once, `till` is the last of them.
 * @throws ORCHESTRATOR_UNAVAILABLE
 */
export async function matchingTimes(
  client: Client,
  of: { readonly name: string; readonly profile: string; readonly fromMs: number; readonly tillMs: number },
): Promise<{ readonly times: readonly number[]; readonly tillMs: number }> {
  const id = scheduleId(of.name, of.profile);
  const { startTime } = await asOrchestrator(`The schedule of ${id}`, () =>
    client.workflowService.listScheduleMatchingTimes({
      namespace: client.options.namespace,
      scheduleId: id,
      startTime: msToTs(of.fromMs),
      endTime: msToTs(of.tillMs),
    }),
  );
  const times = startTime.map((time) => tsToMs(time));
  return { times, tillMs: times.length < listedAtOnce ? of.tillMs : (times.at(-1) ?? of.tillMs) };
}

async function scheduleIds(client: Client, name: string): Promise<string[]> {
  const prefix = scheduleId(name, '');
  const ids: string[] = [];
  for await (const { scheduleId: id } of client.schedule.list({ query: `ScheduleId STARTS_WITH "${prefix}"` })) {
    if (id.startsWith(prefix)) ids.push(id);
  }
  return ids;
}

async function removeSchedule(client: Client, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

async function asOrchestrator<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `${what} could not be read or changed in Temporal.`, { cause: error });
  }
}
