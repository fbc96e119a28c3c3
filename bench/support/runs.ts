// Runs asked for at the entity, as a user would, and what each of them took.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeenRequest } from '../../simulator/server.ts';
import { askEntity, queryEntity } from '../../src/cli/entity.ts';
import type { RunReport } from '../../src/model.ts';
import { readReport } from '../../src/store/run.ts';
import { pullId } from '../../src/workflows/ids.ts';
import { forceFullPullUpdate, runNowUpdate } from '../../src/workflows/messages.ts';
import { type ConnectionName, type Installation, workerRole } from './installation.ts';

const lookEveryMs = 25;

export interface MeasuredRun {
  readonly report: RunReport;
  /** From its opening to its verdict, by the database's clock, in milliseconds. */
  readonly wallMs: number;
  /** What the source was asked, the sign-in included. */
  readonly requests: readonly SeenRequest[];
  readonly history: { readonly events: number; readonly bytes: number };
  /** What PostgreSQL did for it: statements, and blocks of 8 KB that they looked at. */
  readonly statements: number;
  readonly blocks: number;
  /** What they took, in milliseconds. */
  readonly databaseMs: number;
  /** The worker's processor time, in milliseconds. */
  readonly cpuMs: number;
  /** What the worker wrote to its sockets. */
  readonly writtenBytes: number;
}

interface RunOptions {
  readonly full: boolean;
  /** @default bench */
  readonly connection?: ConnectionName;
}

/** One run from the request to its verdict. @throws when it does not end complete */
export async function measureRun(of: Installation, options: RunOptions): Promise<MeasuredRun> {
  await of.simulator.resetRequests();
  await of.database.query('select pg_stat_statements_reset()');
  const writtenBefore = of.worker.writtenBytes();
  const cpuBefore = of.worker.cpuMs();
  const report = await awaitRun(of, await askForRun(of, options));
  const [spent] = await of.database.query<{ statements: number; blocks: number; databaseMs: number }>(
    `select sum(calls)::bigint as statements, sum(shared_blks_hit + shared_blks_read)::bigint as blocks, sum(total_exec_time) as "databaseMs"
     from pg_stat_statements
     where userid = $1::regrole and toplevel`,
    [workerRole],
  );
  if (spent === undefined || report.finishedAt === null) throw new Error('The run left no figures.');
  const { historyLength, historySize } = await of.client.workflow.getHandle(pullId(report.connection, runNumber(report))).describe();
  if (historySize === undefined) throw new Error('Temporal did not tell the size of the history.');
  return {
    report,
    wallMs: Date.parse(report.finishedAt) - Date.parse(report.startedAt),
    requests: await of.simulator.requests(),
    history: { events: historyLength, bytes: historySize },
    ...spent,
    cpuMs: of.worker.cpuMs() - cpuBefore,
    writtenBytes: of.worker.writtenBytes() - writtenBefore,
  };
}

/** Asks for a run and answers its number. The entity learns a little later than the database that the run before it has ended. */
export async function askForRun(of: Installation, { full, connection = 'bench' }: RunOptions): Promise<number> {
  const reach = { temporal: () => Promise.resolve(of.client), database: () => Promise.resolve(of.database) };
  while (((await queryEntity(reach, connection))?.current ?? null) !== null) await sleep(lookEveryMs);
  const { answers } = await askEntity(reach, connection, full ? forceFullPullUpdate : runNowUpdate, {});
  const [answer] = answers;
  if (answer?.outcome !== 'run') throw new Error(`The run was not opened: ${JSON.stringify(answers)}`);
  return answer.run;
}

/** Waits for the verdict. @throws when it is not complete */
export async function awaitRun(of: Installation, run: number): Promise<RunReport> {
  for (;;) {
    // Of a run under way this would count; the verdict alone is asked for until it is there.
    const [row] = await of.database.query<{ verdict: string | null }>('select verdict from run where run = $1', [run]);
    if (row === undefined) throw new Error(`Run ${run} has no row.`);
    if (row.verdict !== null) break;
    await sleep(lookEveryMs);
  }
  const report = await readReport(of.database, run);
  if (report?.verdict !== 'complete') throw new Error(`Run ${run} did not end complete: ${JSON.stringify(report)}`);
  return report;
}

const runNumber = (report: RunReport): number => Number(report.run.slice(report.run.lastIndexOf(':') + 1));

/** Requests of the directory by stream, each told by its path; the sign-in is under its own name. */
export function requestsByStream(requests: readonly SeenRequest[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of requests) {
    const stream = streamOf(path);
    counts.set(stream, (counts.get(stream) ?? 0) + 1);
  }
  return counts;
}

function streamOf(path: string): string {
  const [, version, first = ''] = path.split('/');
  // When its secret ends is asked after a login, once a day.
  if (version !== 'v1.0' || first.startsWith('applications(')) return 'sign-in';
  return (
    { users: 'users', groups: 'groups', devices: 'devices', roleManagement: 'roles', servicePrincipals: 'appRoleAssignments' }[first] ??
    first
  );
}
