// Temporal Schedules: one per active profile that has a schedule, `NAME:PROFILE`, which starts the tick (design 3.1, decisions 14 and 15).
// MUST NOT touch a Schedule's paused flag and note: they belong to the operator.
import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleSpec as TemporalSpec,
} from '@temporalio/client';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import { scheduleId, taskQueues, tickId } from '../workflows/ids.ts';
import { catchupWindowMs, type Schedule, temporalSpec } from './scheduleSpec.ts';

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
  await asOrchestrator(`The schedules of ${name}`, async () => {
    const kept = new Set<string>();
    for (const { name: profile, status, schedule } of profiles) {
      if (status === 'inactive' || schedule === null) continue;
      kept.add(scheduleId(name, profile));
      await putSchedule(client, { name, profile, schedule });
    }
    const remembered = [...profiles.map((profile) => profile.name), ...former].map((profile) => scheduleId(name, profile));
    const left = new Set([...remembered, ...(await scheduleIds(client, name))].filter((id) => !kept.has(id)));
    for (const id of left) await removeSchedule(client, id);
  });
}

/** Removes every Schedule of a connection; `former` as above. Idempotent. @throws ORCHESTRATOR_UNAVAILABLE */
export function deleteSchedules(client: Client, name: string, former: readonly string[]): Promise<void> {
  return syncSchedules(client, { name, profiles: [] }, former);
}

/** The next times that a profile's Schedule fires, ISO-8601; none when there is no Schedule, or an operator has it paused. @throws ORCHESTRATOR_UNAVAILABLE */
export async function nextTimes(
  client: Client,
  of: { readonly name: string; readonly profile: string; readonly now: Date },
): Promise<string[]> {
  return asOrchestrator(`The schedule of ${of.name}`, async () => {
    try {
      const { state, info } = await client.schedule.getHandle(scheduleId(of.name, of.profile)).describe();
      if (state.paused) return [];
      return info.nextActionTimes.filter((time) => time > of.now).map((time) => time.toISOString());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return [];
      throw error;
    }
  });
}

async function putSchedule(
  client: Client,
  of: { readonly name: string; readonly profile: string; readonly schedule: Schedule },
): Promise<void> {
  const { name, profile, schedule } = of;
  const wanted = {
    spec: temporalSpec(schedule) satisfies TemporalSpec,
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledPull',
      workflowId: tickId(name, profile),
      taskQueue: taskQueues.control,
      args: [{ name, profile }],
    },
    // Ticks are short: one that is still open means that no worker answers.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catchupWindowMs(schedule) },
  } as const;
  try {
    await client.schedule.create({ scheduleId: scheduleId(name, profile), ...wanted });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId(name, profile)).update(({ state }) => ({ ...wanted, state }));
  }
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
