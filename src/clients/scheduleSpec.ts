// What the Schedule of a profile is to be in Temporal, as Temporal's own messages have it: when it fires, what it starts, how it makes up for lost time.
// Pure. https://docs.temporal.io/schedule#spec
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { taskQueues, tickId } from '../workflows/ids.ts';
import { type Calendar, intervalMs, type Range, rhythmOf, type Schedule } from './calendar.ts';

export type TemporalSchedule = NonNullable<Parameters<Client['workflowService']['createSchedule']>[0]['schedule']>;
/** All of a Schedule that is Tidemark's; the rest, its state, is the operator's. */
export type WantedSchedule = Required<Pick<TemporalSchedule, 'spec' | 'action' | 'policies'>>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** SCHEDULE_OVERLAP_POLICY_SKIP of temporal.api.enums.v1. */
const skipOverlap = 1;

/** @throws CONFIG_INVALID for a schedule that `apply` would have refused. */
export function tickSchedule(of: { readonly name: string; readonly profile: string; readonly schedule: Schedule }): WantedSchedule {
  const { name, profile, schedule } = of;
  return {
    spec: specOf(schedule),
    action: startOf({ workflowId: tickId(name, profile), workflowType: 'scheduledPull', args: [{ name, profile }] }),
    // Ticks are short: one that is still open means that no worker answers.
    policies: { overlapPolicy: skipOverlap, catchupWindow: msToTs(catchupWindowMs(schedule)) },
  };
}

/** A workflow of ours, started every so often; what was missed meanwhile is not made up for. */
export function everySchedule(of: {
  readonly everyMs: number;
  readonly workflowId: string;
  readonly workflowType: string;
}): WantedSchedule {
  return {
    spec: { interval: [{ interval: msToTs(of.everyMs), phase: msToTs(0) }] },
    action: startOf({ ...of, args: [] }),
    policies: { overlapPolicy: skipOverlap, catchupWindow: msToTs(of.everyMs) },
  };
}

/** How late an occurrence may still be started after Temporal was away: one interval, so that at most one is made up for. */
export function catchupWindowMs(schedule: Schedule): number {
  if (schedule.occurs === 'once') return dayMs;
  const everyMs = intervalMs(schedule.every);
  if (everyMs !== null) return everyMs;
  // A cron expression with a fixed minute and hour fires daily at most; any other counts as hourly.
  if (schedule.cron !== null) return /^\d+ +\d+ /.test(schedule.cron.trim()) ? dayMs : hourMs;
  const days = { daily: 1, weekly: 7, monthly: 31 } as const;
  return (schedule.every === 'weekly' || schedule.every === 'monthly' ? days[schedule.every] : days.daily) * dayMs;
}

function specOf(schedule: Schedule): WantedSchedule['spec'] {
  const rhythm = rhythmOf(schedule);
  const end = schedule.occurs === 'once' ? schedule.start : schedule.end;
  return {
    ...(rhythm.kind === 'interval'
      ? { interval: [{ interval: msToTs(rhythm.everyMs), phase: msToTs(rhythm.offsetMs) }] }
      : { structuredCalendar: rhythm.calendars.map(structured) }),
    startTime: msToTs(Date.parse(schedule.start)),
    endTime: msToTs(Date.parse(end)),
    timezoneName: schedule.timezone,
  };
}

/** Temporal's messages are lists that may be changed; ours may not. */
function structured({ second, minute, hour, dayOfMonth, month, year, dayOfWeek }: Calendar): Record<keyof Calendar, Range[]> {
  const copy = (ranges: readonly Range[]): Range[] => ranges.map((range) => ({ ...range }));
  return {
    second: copy(second),
    minute: copy(minute),
    hour: copy(hour),
    dayOfMonth: copy(dayOfMonth),
    month: copy(month),
    year: copy(year),
    dayOfWeek: copy(dayOfWeek),
  };
}

function startOf(of: {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly args: readonly unknown[];
}): WantedSchedule['action'] {
  return {
    startWorkflow: {
      workflowId: of.workflowId,
      workflowType: { name: of.workflowType },
      taskQueue: { name: taskQueues.control },
      input: { payloads: toPayloads(defaultPayloadConverter, ...of.args) ?? [] },
    },
  };
}
