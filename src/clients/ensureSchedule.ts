// Makes a Schedule what it is to be, and writes only what differs: Temporal answers a Schedule in another form than it was given (step and end filled
// in, defaults left out), so that both are compared in one normal form.
// MUST NOT touch a Schedule's state (paused, its note): that is the operator's.
import { randomUUID } from 'node:crypto';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { TidemarkError } from '../errors.ts';
import { expand } from './calendar.ts';
import type { TemporalSchedule, WantedSchedule } from './scheduleSpec.ts';

export type DescribedSchedule = Awaited<ReturnType<Client['workflowService']['describeSchedule']>>;

export interface Ensured {
  readonly did: 'created' | 'repaired' | 'nothing';
  /** As it is now. */
  readonly found: DescribedSchedule;
}

const grpc = { notFound: 5, alreadyExists: 6, failedPrecondition: 9 } as const;
const tries = 4;

/** Idempotent. @throws gRPC errors, and INTERNAL when Temporal does not keep what it is given. */
export async function ensureSchedule(client: Client, scheduleId: string, wanted: WantedSchedule): Promise<Ensured> {
  let did: Ensured['did'] = 'nothing';
  for (let left = tries; left > 0; left -= 1) {
    const found = await describeSchedule(client, scheduleId);
    if (found !== null && isWanted(found.schedule ?? {}, wanted)) return { did, found };
    did = found === null ? 'created' : did === 'created' ? did : 'repaired';
    try {
      if (found === null) await create(client, scheduleId, wanted);
      else await repair(client, scheduleId, wanted, found);
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }
  throw new TidemarkError('INTERNAL', `The Schedule ${scheduleId} did not become what it is to be.`);
}

/** null when there is no such Schedule. */
export async function describeSchedule(client: Client, scheduleId: string): Promise<DescribedSchedule | null> {
  try {
    return await client.workflowService.describeSchedule({ namespace: client.options.namespace, scheduleId });
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === grpc.notFound) return null;
    throw error;
  }
}

async function create(client: Client, scheduleId: string, wanted: WantedSchedule): Promise<void> {
  const { namespace, identity } = client.options;
  await client.workflowService.createSchedule({ namespace, identity, scheduleId, requestId: randomUUID(), schedule: wanted });
}

async function repair(client: Client, scheduleId: string, wanted: WantedSchedule, before: DescribedSchedule): Promise<void> {
  const { namespace, identity } = client.options;
  await client.workflowService.updateSchedule({
    namespace,
    identity,
    scheduleId,
    requestId: randomUUID(),
    schedule: { state: before.schedule?.state ?? null, ...wanted },
    // Refused, or silently dropped, when the Schedule has changed since it was described: a pause in between stays, and the next try sees it.
    conflictToken: before.conflictToken,
  });
}

const isOvertaken = (error: unknown): boolean =>
  isGrpcServiceError(error) && (error.code === grpc.failedPrecondition || error.code === grpc.alreadyExists);

/** Whether spec, action and policies are as wanted. */
function isWanted(found: TemporalSchedule, wanted: WantedSchedule): boolean {
  return normal(found) === normal(wanted);
}

/** All that makes a Schedule ours, as text: the same text for the same behaviour. */
function normal({ spec, action, policies }: TemporalSchedule): string {
  const start = action?.startWorkflow;
  return JSON.stringify({
    calendars: sorted((spec?.structuredCalendar ?? []).map(calendar)),
    excluded: sorted((spec?.excludeStructuredCalendar ?? []).map(calendar)),
    intervals: sorted((spec?.interval ?? []).map(({ interval, phase }) => `${msOf(interval)}+${msOf(phase)}`)),
    start: msOf(spec?.startTime),
    end: msOf(spec?.endTime),
    jitterMs: msOf(spec?.jitter),
    timezone: spec?.timezoneName ?? '',
    starts: start?.workflowType?.name ?? '',
    workflowId: start?.workflowId ?? '',
    taskQueue: start?.taskQueue?.name ?? '',
    input: (start?.input?.payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString('base64')),
    timeoutsMs: [start?.workflowExecutionTimeout, start?.workflowRunTimeout, start?.workflowTaskTimeout].map(msOf),
    retried: start?.retryPolicy ?? null,
    overlap: policies?.overlapPolicy ?? 0,
    catchupMs: msOf(policies?.catchupWindow),
    pausesOnFailure: policies?.pauseOnFailure ?? false,
  });
}

type Structured = NonNullable<NonNullable<NonNullable<TemporalSchedule['spec']>['structuredCalendar']>[number]>;

function calendar({ second, minute, hour, dayOfMonth, month, year, dayOfWeek }: Structured): string {
  const fields = [second, minute, hour, dayOfMonth, month, year, dayOfWeek].map((ranges) =>
    expand(
      (ranges ?? []).map(({ start, end, step }) => {
        const from = start ?? 0;
        // What is left out is the start, and every one.
        return { start: from, end: Math.max(from, end ?? 0), step: (step ?? 0) === 0 ? 1 : (step ?? 1) };
      }),
    ).join(','),
  );
  return fields.join(' ');
}

const sorted = (texts: readonly string[]): string[] => [...texts].sort();

const msOf = (span: Parameters<typeof tsToMs>[0]): number => (span === null || span === undefined ? 0 : tsToMs(span));
