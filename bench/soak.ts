// node bench/main.ts --soak [--minutes 30] [--connections 200]: schedules of every minute, faults and killed workers, for a while; then the accounts.
import { setTimeout as sleep } from 'node:timers/promises';
import { scheduleId, connectionId } from '../src/workflows/ids.ts';
import { runNowSignal } from '../src/workflows/messages.ts';
import { countOccurrences, countRuns, type Occurrences, persistently, type Runs, wrongInventories } from './support/accounts.ts';
import { type Fleet, startFleet } from './support/fleet.ts';

const lookEveryMs = 5_000;
const killLookEveryMs = 200;
const killEveryMs = 45_000;
const settleLimitMs = 10 * 60_000;

/** What a worker process held, every few seconds of its life. */
interface Life {
  readonly worker: number;
  readonly samples: { readonly atMs: number; readonly bytes: number }[];
}

export interface SoakFigures {
  readonly minutes: number;
  readonly connections: number;
  readonly kills: number;
  readonly occurrences: Occurrences;
  readonly runs: Runs;
  readonly runsPerMinute: number;
  /** Of the process that lived longest, after the first third of its life, in which it fills its caches: where it began, where it ended, and how it grew. */
  readonly memory: { readonly minutes: number; readonly firstBytes: number; readonly lastBytes: number; readonly bytesPerMinute: number };
  readonly wrongInventories: readonly string[];
}

/** Whether nothing was lost. How the memory grew is for people: a short soak says little of it. */
export function isWhole({ occurrences, runs, wrongInventories: wrong }: SoakFigures): boolean {
  return occurrences.missing.length === 0 && runs.unended === 0 && wrong.length === 0 && (runs.verdicts['failed'] ?? 0) === 0;
}

export async function soak(
  options: { readonly minutes: number; readonly connections: number },
  note: (line: string) => void,
): Promise<SoakFigures> {
  note(`Starting PostgreSQL, Temporal, the tenants and two workers; applying ${options.connections} connections.`);
  const fleet = await startFleet(options.connections);
  try {
    fleet.breakThings();
    const fromMs = Date.now();
    const { lives, kills } = await disturb(fleet, fromMs + options.minutes * 60_000, note);
    const tillMs = Date.now();
    const memory = memoryOf(lives);
    note(`Memory of the worker that lived longest: ${JSON.stringify(memory)}.`);
    note('Mending the tenants; the reconciler writes what Temporal never started.');
    fleet.mendThings();
    await persistently(() => fleet.client.schedule.getHandle('tidemark-reconcile').trigger());
    await settled(fleet, fromMs, tillMs);
    note('Pausing the schedules, and waiting for what is under way.');
    await pauseAll(fleet);
    await quiet(fleet);
    const runsPerMinute = await endedBetween(fleet, fromMs, tillMs);
    const occurrences = await countOccurrences(fleet, fromMs, tillMs);
    note('One more run of every connection, and their inventories.');
    await runAll(fleet);
    return {
      minutes: options.minutes,
      connections: options.connections,
      kills,
      occurrences,
      runs: await countRuns(fleet),
      runsPerMinute,
      memory,
      wrongInventories: await wrongInventories(fleet),
    };
  } finally {
    await fleet.stop();
  }
}

/** Kills a worker now and then, the second one each time but once: the first one's memory is looked at over a longer time. */
async function disturb(fleet: Fleet, untilMs: number, note: (line: string) => void): Promise<{ lives: Life[]; kills: number }> {
  const beganMs = Date.now();
  const current: Life[] = fleet.workers.map((_, worker) => ({ worker, samples: [] }));
  const lives = [...current];
  let kills = 0;
  let nextKillMs = beganMs + killEveryMs;
  let nextLookMs = beganMs;
  while (Date.now() < untilMs) {
    if (Date.now() >= nextLookMs) {
      for (const { worker, samples } of current) samples.push({ atMs: Date.now(), bytes: fleet.workers[worker]?.residentBytes() ?? 0 });
      nextLookMs += lookEveryMs;
    }
    if (Date.now() >= nextKillMs && (await isBusy(fleet))) {
      const worker = kills === 1 ? 0 : 1;
      kills += 1;
      const { verdicts, unended } = await countRuns(fleet);
      note(`Killing worker ${worker + 1}; runs so far: ${JSON.stringify(verdicts)}, under way or waiting: ${unended}.`);
      await fleet.replaceWorker(worker);
      current[worker] = { worker, samples: [] };
      lives.push(current[worker]);
      nextKillMs = Date.now() + killEveryMs;
    }
    await sleep(killLookEveryMs);
  }
  return { lives, kills };
}

/** Whether streams are being read: a worker that has nothing to do is not worth killing. */
async function isBusy({ database }: Fleet): Promise<boolean> {
  const [row] = await database.query<{ under: number }>('select count(*) as under from checkpoint where outcome is null and walk > 0');
  return (row?.under ?? 0) > 0;
}

async function pauseAll({ connections, client }: Fleet): Promise<void> {
  for (const name of connections.keys())
    await persistently(() => client.schedule.getHandle(scheduleId(name, 'default')).pause('the soak ends'));
}

/** Until no run is without a verdict. What takes longer than the limit is told by the accounts. */
async function quiet(fleet: Fleet): Promise<void> {
  for (const deadline = Date.now() + settleLimitMs; Date.now() < deadline; await sleep(1_000)) {
    const [row] = await fleet.database.query<{ left: number }>(
      `select (select count(*) from run where verdict is null) + (select count(*) from occurrence where outcome = 'queued') as left`,
    );
    if (row?.left === 0) return;
  }
}

/** Until every occurrence has its row. What takes longer than the limit is told by the accounts. */
async function settled(fleet: Fleet, fromMs: number, tillMs: number): Promise<void> {
  for (const deadline = Date.now() + settleLimitMs; ; await sleep(lookEveryMs)) {
    if ((await countOccurrences(fleet, fromMs, tillMs)).missing.length === 0 || Date.now() > deadline) return;
  }
}

async function endedBetween({ database }: Fleet, fromMs: number, tillMs: number): Promise<number> {
  const [row] = await database.query<{ ended: number }>('select count(*) as ended from run where finished_at > $1 and finished_at <= $2', [
    new Date(fromMs).toISOString(),
    new Date(tillMs).toISOString(),
  ]);
  return Math.round(((row?.ended ?? 0) * 60_000) / (tillMs - fromMs));
}

async function runAll(fleet: Fleet): Promise<void> {
  const [last] = await fleet.database.query<{ run: number }>('select coalesce(max(run), 0) as run from run');
  for (const name of fleet.connections.keys())
    await persistently(() => fleet.client.workflow.getHandle(connectionId(name)).signal(runNowSignal));
  for (const deadline = Date.now() + settleLimitMs; Date.now() < deadline; await sleep(1_000)) {
    const [row] = await fleet.database.query<{ ended: number }>(
      'select count(distinct connection) as ended from run where run > $1 and verdict is not null',
      [last?.run ?? 0],
    );
    if (row?.ended === fleet.connections.size) return quiet(fleet);
  }
}

/** By least squares over the longest life, its first third left out. */
function memoryOf(lives: readonly Life[]): SoakFigures['memory'] {
  const longest = lives.map(({ samples }) => samples).sort((one, other) => other.length - one.length)[0] ?? [];
  const [bornMs, diedMs] = [longest[0]?.atMs ?? 0, longest.at(-1)?.atMs ?? 0];
  const start = bornMs + (diedMs - bornMs) / 3;
  const samples = longest.filter(({ atMs }) => atMs >= start).map(({ atMs, bytes }) => ({ x: (atMs - start) / 60_000, y: bytes }));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
  const [x, y] = [mean(samples.map((sample) => sample.x)), mean(samples.map((sample) => sample.y))];
  const above = samples.reduce((sum, sample) => sum + (sample.x - x) * (sample.y - y), 0);
  const below = samples.reduce((sum, sample) => sum + (sample.x - x) ** 2, 0);
  return {
    minutes: Math.round(samples.at(-1)?.x ?? 0),
    firstBytes: samples[0]?.y ?? 0,
    lastBytes: samples.at(-1)?.y ?? 0,
    bytesPerMinute: below === 0 ? 0 : Math.round(above / below),
  };
}
