// Opens a run: its number, its pinned configuration, and what `decide` needs to know of its streams (design 3.2).
import { isOfOrders } from '../connectors/select.ts';
import { readSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import { exportPlan } from '../exports/plan.ts';
import { failpoint } from '../failpoint.ts';
import { pinTags } from '../pull/include.ts';
import { streamPins } from '../pull/target.ts';
import { briefOfRow } from '../store/brief.ts';
import { getConnection } from '../store/connection.ts';
import { writeLog } from '../store/log.ts';
import { noteOccurrence } from '../store/occurrence.ts';
import { openRun as openRow, planRun as planRow } from '../store/run.ts';
import { listTags } from '../store/tag.ts';
import type { Shared } from './dependencies.ts';
import type { OpenRequest, OpenResult } from './types.ts';

/** Idempotent by the request: asked again it answers the same run, and says when that has ended. @throws CONFIG_INVALID, STORE_UNAVAILABLE */
export async function openRun({ database, config }: Shared, request: OpenRequest): Promise<OpenResult> {
  const { connection: name, profile, scheduledAt, approve } = request;
  const connection = await getConnection(database, name);
  if (connection === null) throw new TidemarkError('CONFIG_INVALID', `There is no connection "${name}".`);
  const spec = readSpec(connection.spec);
  const include = pinTags(spec, await listTags(database), new Date());
  failpoint('run.beforeOpen');
  const row = await openRow(database, {
    ...request,
    revision: connection.revision,
    spec: connection.spec,
    streams: streamPins(spec, profile, include),
  });
  failpoint('run.afterOpen');
  const { run } = row;
  if (scheduledAt !== null) await noteOccurrence(database, { connection: name, profile, scheduledAt, run, outcome: 'ran', reason: null });
  const brief = briefOfRow(row);
  if (brief !== null) return { kind: 'ended', brief };
  const orders = approve === undefined && isOfOrders(spec, profile);
  const plan = approve !== undefined ? approvalPlan : orders ? ordersPlan : null;
  if (plan !== null) await planRow(database, { run, connection: name, plan });
  await writeLog(database, {
    connection: name,
    run,
    level: 'info',
    message: `Run ${run} of ${profile} opened.`,
    details: { trigger: request.trigger },
  });
  const { schedule, baseline } = spec.profiles.find((candidate) => candidate.name === profile) ?? { schedule: null, baseline: null };
  const { trigger, nominalAt, facts } = row;
  return {
    kind: 'opened',
    opened: {
      run,
      connection: name,
      profile,
      trigger,
      scheduledAt: row.scheduledAt,
      nominalAt,
      baseline: schedule === null || baseline === null ? null : { every: baseline, start: schedule.start, timezone: schedule.timezone },
      facts,
      timings: config.timings,
      waits: true,
      ...(approve === undefined ? {} : { approve }),
      ...(orders || (exportPlan(spec)?.directory ?? null) === null ? {} : { exports: true }),
      ...(orders ? { orders } : {}),
    },
  };
}

/** Nothing is decided where nothing is read. */
const approvalPlan = { mode: 'settle', reason: 'removals approved', baselineOverdue: false, streams: [] } as const;
const ordersPlan = { mode: 'fulfil', reason: 'orders', baselineOverdue: false, streams: [] } as const;
