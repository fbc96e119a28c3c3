// The runs of a crash test, what is compared of them, and what every one of them must leave behind.
import { connectorNamed } from '../../src/connectors/index.ts';
import { type FailpointName, failpointNames } from '../../src/failpoint.ts';
import type { RunReport } from '../../src/model.ts';
import { changedDocuments } from '../../src/store/change.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';
import { connectionName, recoveryMs, type Site, type Subject } from './site.ts';
import type { WorkerEnd, WorkerProcess } from './workerProcess.ts';

/** One run of a site, or of a tenant that nothing disturbs. */
export interface Phase {
  readonly name: string;
  /** Which run of its connection it is, from 1. */
  readonly nth: number;
  readonly ask: 'full' | 'run';
  /** What changes before it. */
  readonly prepare: (of: Pick<Site, 'subject' | 'simulator'>) => void;
}

/** The runs of most sites, in order. */
export const phases = [
  { name: 'full', nth: 1, ask: 'full', prepare: () => undefined },
  { name: 'delta', nth: 2, ask: 'run', prepare: ({ subject, simulator }) => subject.change(simulator) },
] as const satisfies readonly Phase[];

/** Where the workers of each run are killed, one after another: points in an order that the run can pass, as TIDEMARK_FAILPOINT takes them. */
export type Kills = Readonly<Record<(typeof phases)[number]['name'], readonly string[]>>;

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

/** Of a run that nothing disturbed. */
export interface Undisturbed extends Outcome {
  readonly changes: readonly string[];
}

/** What is told of the run afterwards: each document that it changed, once, with paths and relations. */
export async function changesOf({ database, spec }: Pick<Site, 'database' | 'spec'>, report: RunReport): Promise<string[]> {
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

// Named in titles, so that a failure can be repeated.
export const seed = Number(process.env['TIDEMARK_TEST_SEED'] ?? Date.now() % 100_000);
/** Makes of a few runs with many kills many runs with one. */
export const alone = process.env['TIDEMARK_TEST_KILLS'] === 'alone';

/** Points that lie apart in a run come into one chain: workers are killed at them in turn. TIDEMARK_TEST_KILLS=alone makes a chain of each. */
export function chainsOf<T>(points: readonly T[], chains: number): T[][] {
  const count = alone ? points.length : chains;
  return Array.from({ length: count }, (_, chain) => points.filter((_point, index) => index % count === chain));
}

/** Points that both runs pass by the same code: every second one in the one run, the others in the other, by the seed. TIDEMARK_TEST_KILLS=alone: all in both. */
export function byTurns<T>(points: readonly T[]): { readonly full: readonly T[]; readonly delta: readonly T[] } {
  const inTurn = (turn: number): readonly T[] => points.filter((_, index) => alone || (index + seed) % 2 === turn);
  return { full: inTurn(0), delta: inTurn(1) };
}

/**
 * Kills a worker at each of these points in turn, with `between` after each, and starts the one that lives.
 * @throws naming the point that the run does not pass any more.
 */
export async function killInTurn(site: Site, points: readonly string[], between: () => void = () => undefined): Promise<WorkerProcess> {
  for (const point of points) {
    await expectKilled(site.startWorker(point)).catch((cause: unknown) => {
      throw new Error(`The run does not come to ${point}.`, { cause });
    });
    between();
  }
  return site.startWorker();
}

/** Fails unless the worker dies at the point that it is armed with. */
export async function expectKilled(worker: WorkerProcess): Promise<void> {
  expect(await endOf(worker)).toEqual({ code: null, signal: 'SIGKILL' });
}

/** The runs of a tenant that nothing disturbs: in this process, without Temporal. `look` is called after each. */
export async function undisturbed(
  subject: Subject,
  runs: readonly Phase[],
  look: (of: Pick<Site, 'database'>) => Promise<void> = () => Promise.resolve(),
): Promise<ReadonlyMap<Phase, Undisturbed>> {
  const outcomes = new Map<Phase, Undisturbed>();
  if (runs.length === 0) return outcomes;
  const database = await freshDatabase();
  const simulator = await startSimulator(subject.tenant);
  const pulling = await startPulling({ database, simulator, name: connectionName, ...subject.connection, guard: unguarded });
  for (const phase of runs) {
    phase.prepare({ subject, simulator });
    simulator.resetRequests();
    const report = await pulling.pull({ forced: phase.ask === 'full' });
    const changes = await changesOf({ database, spec: pulling.spec }, report);
    outcomes.set(phase, { ...outcomeOf(report, simulator), changes });
    await look({ database });
  }
  await pulling.close();
  await simulator.close();
  await database.close();
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
  await Promise.race([worker.serves, worker.ended]);
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
