// The runs of a crash test, what is compared of them, and what every one of them must leave behind.
import { connectorNamed } from '../../src/connectors/index.ts';
import { type FailpointName, failpointNames } from '../../src/failpoint.ts';
import type { RunReport } from '../../src/model.ts';
import { changedDocuments } from '../../src/store/change.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { recoveryMs } from './site.ts';
import type { Site } from './site.ts';
import type { WorkerEnd, WorkerProcess } from './workerProcess.ts';

/** The runs of a site, in order: the n-th run of a connection is always the same one. */
export const phases = [
  { name: 'full', nth: 1, ask: 'full', prepare: () => undefined },
  { name: 'delta', nth: 2, ask: 'run', prepare: ({ subject, simulator }: Site) => subject.change(simulator) },
] as const;
export type Phase = (typeof phases)[number];

/** Points that only a run passes whose removals are held, or approved: test/crash/heldRemovals.test.ts goes over them. */
type HeldPoint = Extract<FailpointName, `approve.${string}` | 'settle.afterHold'>;
const isHeldPoint = (name: FailpointName): name is HeldPoint => name.startsWith('approve.') || name === 'settle.afterHold';
export const heldPoints = failpointNames.filter(isHeldPoint);
/** Points that only a run of Directory Sync passes: test/crash/directorySync.test.ts goes over them. */
type EventPoint = Extract<FailpointName, `events.${string}`>;
const isEventPoint = (name: FailpointName): name is EventPoint => name.startsWith('events.');
export const eventPoints = failpointNames.filter(isEventPoint);
/** Points that only a run passes which writes files: test/crash/exports.test.ts goes over them. */
type ExportPoint = Extract<FailpointName, `export.${string}`>;
const isExportPoint = (name: FailpointName): name is ExportPoint => name.startsWith('export.');
export const exportPoints = failpointNames.filter(isExportPoint);
/** Points that only the writing of orders passes: test/crash/orders.test.ts goes over them. */
type OrderPoint = Extract<FailpointName, `order.${string}` | `orders.${string}`>;
const isOrderPoint = (name: FailpointName): name is OrderPoint => name.startsWith('order.') || name.startsWith('orders.');
export const orderPoints = failpointNames.filter(isOrderPoint);
/** Points that only a run passes which reads findings: test/crash/defender.test.ts goes over them. */
type FindingPoint = Extract<FailpointName, `findings.${string}`>;
const isFindingPoint = (name: FailpointName): name is FindingPoint => name.startsWith('findings.');
export const findingPoints = failpointNames.filter(isFindingPoint);
/** Points that any full pull and any delta pass. */
export type PullPoint = Exclude<FailpointName, HeldPoint | EventPoint | ExportPoint | OrderPoint | FindingPoint>;
export const pullPoints = failpointNames.filter(
  (name): name is PullPoint =>
    !isHeldPoint(name) && !isEventPoint(name) && !isExportPoint(name) && !isOrderPoint(name) && !isFindingPoint(name),
);

export interface Outcome {
  /** Without times, and without what an interruption may add to. */
  readonly report: Pick<RunReport, 'mode' | 'reason' | 'verdict' | 'assets' | 'error'> & { readonly streams: readonly object[] };
  /** Pages asked for, by stream. */
  readonly asked: ReadonlyMap<string, number>;
}

/** What is told of the run afterwards: each document that it changed, once, with paths and relations. */
export async function changesOf({ database, spec }: Site, report: RunReport): Promise<string[]> {
  const { streams, relations } = connectorNamed(spec.connector);
  const search = { afterRun: Number(report.run.split(':')[1]) - 1, since: null, connection: spec.name, where: 'true', params: [] };
  const told: string[] = [];
  const byClass = Object.fromEntries(streams.flatMap(({ class: of }) => (of === null ? [] : [[of, relations]])));
  for await (const { run: _run, at: _at, ...changed } of changedDocuments(database, { ...search, relations: byClass })) {
    told.push(JSON.stringify(changed));
  }
  return told;
}

export function outcomeOf(report: RunReport, simulator: Simulator): Outcome {
  const { mode, reason, verdict, assets, error } = report;
  const streams = report.streams.map((stream) => ({ ...stream, requests: null, throttledMs: null, resumed: null }));
  return { report: { mode, reason, verdict, assets, error, streams }, asked: pagesAsked(simulator) };
}

/** By the collection that a page's link begins with. Tokens, refusals and the questions of settle are no pages. */
const collections: readonly (readonly [string, string])[] = [
  ['/v1.0/users', 'users'],
  ['/v1.0/groups', 'groups'],
  ['/v1.0/devices', 'devices'],
  ['/v1.0/roleManagement', 'roles'],
  ['/v1.0/servicePrincipals', 'appRoleAssignments'],
  ['/v1.0/directoryRoles', 'directoryRoles'],
];

function pagesAsked(simulator: Simulator): Map<string, number> {
  const asked = new Map<string, number>();
  for (const { method, path, status } of simulator.requests()) {
    const stream = method === 'GET' && status === 200 ? collections.find(([prefix]) => path.startsWith(prefix))?.[1] : undefined;
    if (stream !== undefined) asked.set(stream, (asked.get(stream) ?? 0) + 1);
  }
  return asked;
}

/** Prepares the tenant and asks for a run. */
export async function askFor(site: Site, phase: Phase): Promise<void> {
  phase.prepare(site);
  site.simulator.resetRequests();
  await site.ask(phase.ask);
}

/** The same; `during` is what happens to the run. Ends with it. */
export async function runPhase(site: Site, phase: Phase, during: () => Promise<void>): Promise<RunReport> {
  await askFor(site, phase);
  await during();
  return site.runEnds(phase.nth);
}

/** Points that lie apart in a run come into one chain: workers are killed at them in turn. TIDEMARK_TEST_KILLS=alone makes a chain of each. */
export function chainsOf<T>(points: readonly T[], chains: number): T[][] {
  const count = process.env['TIDEMARK_TEST_KILLS'] === 'alone' ? points.length : chains;
  return Array.from({ length: count }, (_, chain) => points.filter((_point, index) => index % count === chain));
}

/**
 * Kills a worker at each of these points in turn, with `between` after each, and starts the one that lives.
 * @throws naming the point that the run does not pass any more.
 */
export async function killInTurn(site: Site, points: readonly string[], between: () => void = () => undefined): Promise<WorkerProcess> {
  for (const point of points) {
    const end = await endOf(site.startWorker(point)).catch((cause: unknown) => {
      throw new Error(`The run does not come to ${point}.`, { cause });
    });
    expect({ point, ...end }).toEqual({ point, code: null, signal: 'SIGKILL' });
    between();
  }
  return site.startWorker();
}

/** The undisturbed runs of a tenant. */
export async function undisturbed(site: Site): Promise<Readonly<Record<Phase['name'], Outcome & { readonly changes: readonly string[] }>>> {
  const worker = site.startWorker();
  const outcome = async (phase: Phase): Promise<Outcome & { readonly changes: readonly string[] }> => {
    const report = await runPhase(site, phase, () => Promise.resolve());
    return { ...outcomeOf(report, site.simulator), changes: await changesOf(site, report) };
  };
  const [full, delta] = phases;
  const outcomes = { full: await outcome(full), delta: await outcome(delta) };
  await drain(worker);
  return outcomes;
}

/** Fails unless the next run finds the cursors adopted: a delta of the fewest requests that writes nothing. A worker must serve. */
export async function expectQuietDelta(site: Site): Promise<void> {
  const [row] = await site.database.query<{ runs: number }>('select count(*) as runs from run');
  const nth = (row?.runs ?? 0) + 1;
  site.simulator.resetRequests();
  await site.ask('run');
  const { report, asked } = outcomeOf(await site.runEnds(nth), site.simulator);
  expect(report).toMatchObject({ mode: 'delta', reason: 'delta', verdict: 'complete', assets: { added: 0, updated: 0, removed: 0 } });
  expect([...asked.values()].reduce((sum, count) => sum + count, 0)).toBe(site.subject.quietRequests);
  const written = await site.database.query('select stream, kind, change from run_change where run = (select max(run) from run)');
  expect(written).toEqual([]);
}

/** Asks the worker to end, and fails unless it ends well within its grace. */
export async function drain(worker: WorkerProcess): Promise<void> {
  worker.send('SIGTERM');
  expect(await endOf(worker)).toEqual({ code: 0, signal: null });
}

/** How the worker ended. @throws with its log when it goes on. */
export async function endOf(worker: WorkerProcess, timeoutMs = recoveryMs): Promise<WorkerEnd> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The worker did not end within ${timeoutMs} ms.\n${worker.log()}`)), timeoutMs);
  });
  try {
    return await Promise.race([worker.ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
