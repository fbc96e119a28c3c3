// One connection with all around it that can be crashed: a tenant, a database, a namespace, and worker processes.
// The tenant is in this process, so that its truth is at hand and every request is counted.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulator.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import type { RunReport, Timings } from '../../src/model.ts';
import { getConnection } from '../../src/store/connection.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/schema.ts';
import { connectionId, taskQueues } from '../../src/workflows/ids.ts';
import { forceFullPullSignal, runNowSignal } from '../../src/workflows/messages.ts';
import { freshDatabaseUrl } from '../support/databases.ts';
import { type PullingOptions, putSimulated, unguarded } from '../support/pulling.ts';
import { sharedTemporalAddress } from '../support/temporal.ts';
import { eventually } from '../support/waiting.ts';
import { startWorkerProcess } from './workerProcess.ts';
import type { WorkerCode, WorkerProcess } from './workerProcess.ts';

/** Of the connection of each site. */
export const connectionName = 'tenant';

/** What is pulled and crashed: a tenant, the connection to it, and what changes between its two runs. */
export interface Subject {
  readonly tenant: SimulatorOptions;
  readonly connection: Pick<PullingOptions, 'connector' | 'streams' | 'settings'>;
  change(simulator: Simulator): void;
  /** The fewest requests of a delta that finds nothing. */
  readonly quietRequests: number;
}

const changes = 120;

/** Enough pages of every stream to die between, in a run of a second: 14 in full, about as many by delta after the changes. */
export const identity: Subject = {
  tenant: {
    users: 120,
    groups: 60,
    membershipsPerGroup: 8,
    servicePrincipals: 40,
    largeServicePrincipals: 2,
    settings: { deltaPageSize: 10 },
  },
  connection: { streams: ['users', 'groups', 'roles', 'appRoleAssignments'], settings: { owners: true } },
  change: (simulator) => void simulator.mutate(changes),
  // One for each delta and each list, and one for each of the two service principals with more assignments than a list shows.
  quietRequests: 5 + 2,
};

/** Three pages of a list between two tokens, and a dozen by delta. */
export const devices: Subject = {
  tenant: { users: 10, devices: 2_100, settings: { deltaPageSize: 10 } },
  connection: { connector: 'entra-devices' },
  change: (simulator) => void simulator.mutateDevices(changes),
  quietRequests: 1,
};

/** What is waited for in earnest is shortened; what bounds a whole run stays as shipped. */
const quick: Partial<Timings> = { heartbeatTimeoutMs: 4_000, shortActivityMs: 5_000, retryInitialMs: 100, retryMaximumMs: 500 };

/** Far more than it takes: heartbeats run out after four seconds, the workflows' own tasks after ten. */
export const recoveryMs = 150_000;

export interface Servers {
  readonly temporalAddress: string;
  /** The server that the site's database is made on. */
  readonly databaseServerUrl: string;
}

/** The servers that all suites share, in the form of one that has its own. */
export function sharedServers(): Promise<Servers & { stop(): Promise<void> }> {
  const databaseServerUrl = process.env['TIDEMARK_TEST_DATABASE_URL'];
  if (databaseServerUrl === undefined) throw new Error('globalSetup sets TIDEMARK_TEST_DATABASE_URL.');
  return Promise.resolve({ temporalAddress: sharedTemporalAddress(), databaseServerUrl, stop: () => Promise.resolve() });
}

export interface SiteOptions extends Servers {
  readonly code: WorkerCode;
  /** @default identity */
  readonly subject?: Subject;
  /** Above what workers and verbs have anyway. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Site {
  readonly subject: Subject;
  readonly spec: ConnectionSpec;
  readonly simulator: Simulator;
  readonly database: Database;
  readonly client: Client;
  /** Where workers and verbs find all of it. */
  readonly env: Readonly<Record<string, string>>;
  /** `failpoint` as TIDEMARK_FAILPOINT takes it; `code` when it is another build's; `more` for its environment. */
  startWorker(failpoint?: string, code?: WorkerCode, more?: Readonly<Record<string, string>>): WorkerProcess;
  /** Asks the entity for a run, starting it when it does not run. Needs no worker. */
  ask(what: 'full' | 'run'): Promise<void>;
  /** The report of the connection's n-th run, from 1, once it has ended and the entity has taken note. */
  runEnds(nth: number, timeoutMs?: number): Promise<RunReport>;
  /** The log lines of all workers, oldest first. */
  log(): string;
  close(): Promise<void>;
}

async function openSite(options: SiteOptions): Promise<Site> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-crash-'));
  const databaseUrl = await freshDatabaseUrl(options.databaseServerUrl);
  const database = openDatabase({ url: databaseUrl, applicationName: 'tidemark-test' });
  await migrate(database);
  const { subject = identity } = options;
  const simulator = await startSimulator(subject.tenant);
  const connection = await Connection.connect({ address: options.temporalAddress });
  const namespace = `crash-${randomUUID()}`;
  const client = new Client({ connection, namespace });
  await makeNamespace(client, namespace);
  const spec = await putSimulated({
    database,
    simulator,
    name: connectionName,
    ...subject.connection,
    guard: unguarded,
  });
  const env = {
    TIDEMARK_HOME: home,
    TIDEMARK_ORDERS_DIR: path.join(home, 'orders'),
    TIDEMARK_DATABASE_URL: databaseUrl,
    TIDEMARK_SECRET_TEST: simulator.clientSecret,
    TIDEMARK_TIMINGS: JSON.stringify(quick),
    TEMPORAL_ADDRESS: options.temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    ...options.env,
  };
  const workers: WorkerProcess[] = [];
  let closing = false;
  const log = (): string => workers.map((worker) => worker.log()).join('');
  return {
    subject,
    spec,
    simulator,
    database,
    client,
    env,
    startWorker(failpoint, code = options.code, more = {}) {
      const armed: Record<string, string> = failpoint === undefined ? {} : { TIDEMARK_FAILPOINT: failpoint };
      const worker = startWorkerProcess(code, {
        env: { ...env, ...armed, ...more },
        logFile: path.join(home, `worker-${workers.length}.log`),
      });
      const ended = worker.ended.then(async (end) => {
        // Fails where there is nobody to ask: then Temporal finds out by itself.
        if (!closing) await forgetWorker(client, worker.identity).catch(() => undefined);
        return end;
      });
      const forgotten = { ...worker, ended };
      workers.push(forgotten);
      return forgotten;
    },
    async ask(what) {
      await client.workflow.signalWithStart('connection', {
        workflowId: connectionId(connectionName),
        taskQueue: taskQueues.control,
        args: [{ name: connectionName }],
        signal: what === 'full' ? forceFullPullSignal : runNowSignal,
        signalArgs: [],
      });
    },
    async runEnds(nth, timeoutMs = recoveryMs) {
      try {
        return await eventually(`run ${nth} ends`, timeoutMs, () => endOf(database, nth));
      } catch (error) {
        throw new Error(`${String(error)}\n${await standing(database)}\n${lastLines(log())}`, { cause: error });
      }
    },
    log,
    async close() {
      closing = true;
      for (const worker of workers) worker.send('SIGKILL');
      // Calls MUST be over before their connection closes: one that is to be tried again then throws where nobody catches it.
      await Promise.all(workers.map((worker) => worker.ended));
      await simulator.close();
      await database.close();
      await connection.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Opens a site for the length of `work`, whatever becomes of it. */
export async function atSite<T>(options: SiteOptions, work: (site: Site) => Promise<T>): Promise<T> {
  const site = await openSite(options);
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

/** Search attributes are left out: an entity does without them. The server's own caches learn of a new namespace a little later. */
async function makeNamespace(client: Client, namespace: string): Promise<void> {
  await client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
  await eventually('the namespace is known', 20_000, async () => {
    await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueues.control }, taskQueueType: 1 });
    return true;
  });
}

/**
 * Temporal waits for a dead worker: ten seconds before it gives the next task of a workflow to another than had the last one, and as long as a
 * heartbeat may take before it repeats an activity (a minute, for some). The tests do not: attempts.test.ts has a worker that Temporal misses by itself.
 */
async function forgetWorker(client: Client, worker: string): Promise<void> {
  const { workflowService } = client;
  const { namespace } = client.options;
  for await (const { workflowId } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
    const execution = { workflowId };
    await workflowService.resetStickyTaskQueue({ namespace, execution });
    const { pendingActivities } = await workflowService.describeWorkflowExecution({ namespace, execution });
    const underWay = (pendingActivities ?? []).filter((one) => one.lastWorkerIdentity === worker && one.state === startedState);
    const failure = { message: 'The worker is dead.', applicationFailureInfo: {} };
    for (const { activityId = null } of underWay)
      await workflowService.respondActivityTaskFailedById({ namespace, workflowId, activityId, failure });
  }
}

/** PENDING_ACTIVITY_STATE_STARTED. */
const startedState = 2;

async function endOf(database: Database, nth: number): Promise<RunReport | null> {
  const rows = await database.query<{ report: RunReport | null }>('select report from run where connection = $1 order by run', [
    connectionName,
  ]);
  const report = rows[nth - 1]?.report ?? null;
  const saved = (await getConnection(database, connectionName))?.saved ?? null;
  return report === null || saved === null || saved.details['current'] !== null ? null : report;
}

async function standing(database: Database): Promise<string> {
  const rows = await database
    .query(
      'select r.run, r.verdict, c.stream, c.walk, c.page, c.outcome, c.resumed from run r left join checkpoint c on c.run = r.run order by 1, 3',
    )
    .catch(() => []);
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

const lastLines = (text: string): string => text.split('\n').slice(-25).join('\n');
