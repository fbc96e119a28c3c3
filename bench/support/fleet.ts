// Many connections of a few small tenants on one machine: simulators in this process, PostgreSQL, Temporal, and two workers that can be killed.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { FaultRule } from '../../simulator/faults.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { ensureReconciler } from '../../src/clients/schedules.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { freshDatabaseUrl } from '../../test/support/databases.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { startTemporal } from '../../test/support/temporal.ts';
import { commandLine } from './installation.ts';
import { startWorker, type Worker } from './worker.ts';

const secretVariable = 'TIDEMARK_SECRET_SOAK';
const tenants = 10;
const usersOfTenant = 60;

/** What goes wrong meanwhile, in each tenant: nothing that may change what arrives in the end. */
const faults: readonly FaultRule[] = [
  { match: '/v1\\.0/', every: 13, fault: { kind: 'throttle', retryAfter: 2 } },
  { match: '/v1\\.0/', every: 29, fault: { kind: 'throttle' } },
  { match: '/v1\\.0/', every: 11, fault: { kind: 'status', status: 503 } },
  { match: '/v1\\.0/', every: 17, fault: { kind: 'reset' } },
  { match: '/v1\\.0/', every: 19, fault: { kind: 'cut', bytes: 100 } },
  { match: '/v1\\.0/', every: 41, fault: { kind: 'tokenDies' } },
  { match: '/v1\\.0/', every: 7, fault: { kind: 'header', name: 'x-ms-throttle-limit-percentage', value: '0.9' } },
  { match: '/v1\\.0/', every: 23, fault: { kind: 'mutate', changes: 1 } },
  { phase: 'delta', every: 37, fault: { kind: 'syncStateNotFound' } },
  { phase: 'page', every: 31, fault: { kind: 'expiredPage' } },
];

/** A killed worker is noticed after its heartbeat timeout; the shipped one would only make this slower. */
const timings = { TIDEMARK_TIMINGS: JSON.stringify({ heartbeatTimeoutMs: 10_000 }) };

export interface Fleet {
  /** By connection, the tenant it reads. */
  readonly connections: ReadonlyMap<string, Simulator>;
  readonly simulators: readonly Simulator[];
  readonly database: Database;
  readonly client: Client;
  /** Two; each may be killed. */
  readonly workers: Worker[];
  /** SIGKILL, and another one in its place. */
  replaceWorker(index: number): Promise<void>;
  breakThings(): void;
  mendThings(): void;
  stop(): Promise<void>;
}

/** Starts everything and applies the connections, each with a schedule of every minute. */
export async function startFleet(count: number): Promise<Fleet> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-soak-'));
  const stops: (() => Promise<void>)[] = [async () => rmSync(home, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const simulators = await Promise.all(
      Array.from({ length: Math.min(tenants, count) }, (_, seed) =>
        startSimulator({ seed: seed + 1, users: usersOfTenant, groups: 8, servicePrincipals: 3, tenantId: randomUUID() }),
      ),
    );
    stops.push(async () => void (await Promise.all(simulators.map((simulator) => simulator.close()))));
    const postgres = await startPostgres();
    if (postgres === null)
      throw new Error('No PostgreSQL on this machine: install one, 15 or newer (on Debian: apt-get install postgresql).');
    stops.push(() => postgres.stop());
    const databaseUrl = await freshDatabaseUrl(postgres.url);
    const database = openDatabase({ url: databaseUrl, applicationName: 'tidemark-soak' });
    stops.push(() => database.close());
    const temporal = await startTemporal();
    stops.push(() => temporal.stop());
    const link = await Connection.connect({ address: temporal.address });
    stops.push(() => link.close());
    const client = new Client({ connection: link });
    await ensureReconciler(client);

    const env = {
      TIDEMARK_DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      [secretVariable]: simulators[0]?.clientSecret ?? '',
      ...timings,
    };
    const start = (index: number): Promise<Worker> => {
      const own = path.join(home, `worker-${index}`);
      mkdirSync(own, { recursive: true });
      return startWorker(own, { ...env, TIDEMARK_HOME: own });
    };
    const workers: Worker[] = [await start(0), await start(1)];
    stops.push(async () => void (await Promise.all(workers.map((worker) => worker.stop()))));
    const connections = await applyAll(home, { ...env, TIDEMARK_HOME: home }, simulators, count);
    return {
      connections,
      simulators,
      database,
      client,
      workers,
      async replaceWorker(index) {
        await workers[index]?.kill();
        workers[index] = await start(index);
      },
      breakThings: () => simulators.forEach((simulator) => simulator.addFaults(faults)),
      mendThings: () => simulators.forEach((simulator) => simulator.clearFaults()),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** By the command line, from a directory of files. The guard is out of the way: that the inventory is the tenant's is what is looked at. */
async function applyAll(
  home: string,
  env: Readonly<Record<string, string>>,
  simulators: readonly Simulator[],
  count: number,
): Promise<Map<string, Simulator>> {
  const directory = path.join(home, 'connections');
  mkdirSync(directory);
  const connections = new Map<string, Simulator>();
  for (let index = 0; index < count; index += 1) {
    const simulator = simulators[index % simulators.length];
    if (simulator === undefined) break;
    const { origin, tenantId, clientId, caPem } = simulator;
    const name = `soak-${String(index + 1).padStart(4, '0')}`;
    const spec = {
      name,
      connector: 'entra-identity',
      credentials: { tenantId, clientId, clientSecret: `env:${secretVariable}` },
      cloud: 'custom',
      endpoints: { login: origin, graph: `${origin}/v1.0`, caFile: `${name}.pem` },
      guard: { absolute: 1_000_000, percent: 100, minimum: 1_000_000, dailyPercent: 100 },
      profiles: [
        { name: 'default', streams: ['users', 'groups', 'roles'], schedule: { occurs: 'recurring', every: '1m' }, baseline: 'weekly' },
      ],
    };
    writeFileSync(path.join(directory, `${name}.json`), JSON.stringify(spec));
    writeFileSync(path.join(directory, `${name}.pem`), caPem);
    connections.set(name, simulator);
  }
  await promisify(execFile)(process.execPath, [commandLine, 'apply', '--skip-test', '-f', directory], {
    env: { ...process.env, ...env },
    maxBuffer: 16 << 20,
  });
  return connections;
}
