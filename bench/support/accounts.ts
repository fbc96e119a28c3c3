// What is true of a fleet after a while: each occurrence has become something, each run has ended, each inventory is its tenant's.
import { setTimeout as sleep } from 'node:timers/promises';
import { matchingTimes } from '../../src/clients/schedules.ts';
import { readSpec } from '../../src/connectors/spec.ts';
import { getConnection } from '../../src/store/connection.ts';
import { knownOccurrences } from '../../src/store/occurrence.ts';
import { storedInventory, trueInventory } from '../../test/support/tenant.ts';
import type { Fleet } from './fleet.ts';

export interface Occurrences {
  /** As Temporal itself lists them. */
  readonly listed: number;
  readonly ran: number;
  readonly skipped: Readonly<Record<string, number>>;
  /** Without a row, or queued for ever. */
  readonly missing: readonly string[];
}

const profile = 'default';

/** What became of every nominal time of every Schedule, between two instants. */
export async function countOccurrences({ connections, client, database }: Fleet, fromMs: number, tillMs: number): Promise<Occurrences> {
  let [listed, ran] = [0, 0];
  const missing: string[] = [];
  for (const name of connections.keys()) {
    const { times } = await persistently(() => matchingTimes(client, { name, profile, fromMs, tillMs }));
    const rows = await knownOccurrences(database, {
      connection: name,
      profile,
      from: new Date(fromMs).toISOString(),
      till: new Date(tillMs).toISOString(),
    });
    const outcomes = new Map(rows.map(({ scheduledAt, outcome }) => [Date.parse(scheduledAt), outcome]));
    listed += times.length;
    ran += times.filter((at) => outcomes.get(at) === 'ran').length;
    missing.push(
      ...times
        .filter((at) => outcomes.get(at) !== 'ran' && outcomes.get(at) !== 'skipped')
        .map((at) => `${name} ${new Date(at).toISOString()}${outcomes.has(at) ? ' (queued)' : ''}`),
    );
  }
  const reasons = await database.query<{ reason: string; count: number }>(
    `select coalesce(reason, '') as reason, count(*) as count from occurrence
     where outcome = 'skipped' and scheduled_at > $1 and scheduled_at <= $2 group by 1 order by 2 desc`,
    [new Date(fromMs).toISOString(), new Date(tillMs).toISOString()],
  );
  return { listed, ran, missing, skipped: Object.fromEntries(reasons.map(({ reason, count }) => [reason, count])) };
}

const tries = 20;

/** A server that is busy with as many schedules answers late; what it says in the end is what counts. */
export async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tried === tries) throw error;
      await sleep(1_000);
    }
  }
}

export interface Runs {
  readonly verdicts: Readonly<Record<string, number>>;
  readonly unended: number;
  /** Why streams were not complete, and of how many. */
  readonly errors: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly throttledMs: number;
  readonly resumed: number;
  /** From being opened to being planned, in milliseconds: what the line took. */
  readonly longestWaitMs: number;
}

export async function countRuns({ database }: Fleet): Promise<Runs> {
  const verdicts = await database.query<{ verdict: string | null; count: number }>(
    'select verdict, count(*) as count from run group by 1 order by 2 desc',
  );
  const [sums] = await database.query<Omit<Runs, 'verdicts' | 'unended' | 'errors'>>(
    `select coalesce(sum((s ->> 'requests')::bigint), 0)::bigint as requests, coalesce(sum((s ->> 'throttledMs')::bigint), 0)::bigint as "throttledMs",
       coalesce(sum((s ->> 'resumed')::bigint), 0)::bigint as resumed,
       (select coalesce(max(extract(epoch from admitted_at - started_at)) * 1000, 0) from run) as "longestWaitMs"
     from run, jsonb_array_elements(report -> 'streams') s where report is not null`,
  );
  const errors = await database.query<{ error: string; count: number }>(
    `select concat_ws(': ', s -> 'error' ->> 'code', s -> 'error' ->> 'message') as error, count(*) as count
     from run, jsonb_array_elements(report -> 'streams') s where report is not null and s ->> 'outcome' in ('failed', 'partial') group by 1 order by 2 desc limit 20`,
  );
  return {
    errors: Object.fromEntries(errors.map(({ error, count }) => [error, count])),
    verdicts: Object.fromEntries(verdicts.flatMap(({ verdict, count }) => (verdict === null ? [] : [[verdict, count]]))),
    unended: verdicts.find(({ verdict }) => verdict === null)?.count ?? 0,
    ...(sums ?? { requests: 0, throttledMs: 0, resumed: 0, longestWaitMs: 0 }),
  };
}

/** The connections whose records or edges are not exactly those of their tenant. The tenants MUST NOT change meanwhile. */
export async function wrongInventories({ connections, database }: Fleet): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, simulator] of connections) {
    const row = await getConnection(database, name);
    if (row === null) throw new Error(`The connection ${name} is gone.`);
    const [stored, truth] = [await storedInventory(database, name), trueInventory(simulator, readSpec(row.spec))];
    const same =
      stored.records.size === truth.records.size &&
      stored.edges.size === truth.edges.size &&
      [...truth.edges].every((edge) => stored.edges.has(edge)) &&
      [...truth.records].every(([id, body]) => canonical(stored.records.get(id)) === canonical(body));
    if (!same) wrong.push(name);
  }
  return wrong;
}

const canonical = (body: object | undefined): string =>
  JSON.stringify(Object.entries(body ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)));
