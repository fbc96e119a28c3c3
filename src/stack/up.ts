// The stack of one TIDEMARK_HOME: Temporal, the embedded PostgreSQL, the simulator, a worker. What the environment names is used instead.
// Started in order, ended in the opposite order; after kill -9 the next start takes over what still runs and goes on from the data.
import { Client, Connection } from '@temporalio/client';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { dataConverterOf } from '../clients/codec/dataConverter.ts';
import { ensureReconciler } from '../clients/schedules.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { startEmbeddedPostgres } from './postgres.ts';
import { takeLock } from './process.ts';
import { registerSearchAttributes } from './searchAttributes.ts';
import { type RunningSimulator, startSimulatorProcess } from './simulatorProcess.ts';
import { removeStackFile, type StackFile, writeStackFile } from './stackFile.ts';
import { supervise } from './supervise.ts';
import { ensureTemporalServer, stopTemporalServer } from './temporalServer.ts';
import { startWorkerProcess } from './workerProcess.ts';

/** A little longer than a worker takes to drain. */
const workerGraceMs = 35_000;
const databaseGraceMs = 10_000;
const lockWaitMs = 2_000;

export interface StackOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly worker: boolean;
  /** How many users the simulated tenant has; null: no simulator. */
  readonly simulatedUsers: number | null;
  /** Told what is being started, for people. */
  readonly note: (line: string) => void;
}

export interface Stack {
  readonly addresses: StackFile;
  readonly simulator: RunningSimulator | null;
  /** Where each part writes its log. */
  readonly logs: string;
  /** null without a worker of ours. */
  readonly workerPid: () => number | null;
  /** Drains the worker, then ends the rest. May be called once. */
  stop(): Promise<void>;
}

/**
 * Starts what is missing and writes the addresses to HOME/stack.json. Nothing stays behind when it fails.
 * @throws CONFIG_INVALID when another `up` holds this home; ORCHESTRATOR_UNAVAILABLE; INTERNAL naming the log of a part that failed.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { config, logger, note } = options;
  const { home } = config;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const release = await takeLock(path.join(home, 'up.lock'), { what: `The stack in ${home}`, waitMs: lockWaitMs });
  const stops: (() => Promise<void>)[] = [async () => release()];
  const stop = async (): Promise<void> => {
    for (const end of stops.toReversed()) await end();
  };

  try {
    const temporal = await startTemporal(options, stops);
    const databaseUrl = await startDatabase(options, stops);
    let simulator: RunningSimulator | null = null;
    if (options.simulatedUsers !== null) {
      note('Starting the simulated Microsoft cloud');
      const running = await startSimulatorProcess({ home, users: options.simulatedUsers });
      stops.push(() => running.stop());
      simulator = running;
    }
    const addresses: StackFile = {
      ...temporal,
      databaseUrl,
      simulator: simulator === null ? null : addressesOf(simulator),
    };
    writeStackFile(home, addresses);
    stops.push(async () => removeStackFile(home));

    let workerPid = (): number | null => null;
    if (options.worker) {
      note('Starting a worker');
      const secret = simulator === null ? {} : { [simulator.secretVariable]: simulator.clientSecret };
      const worker = await supervise({ what: 'The worker', logger, start: () => startWorkerProcess(home, secret) });
      stops.push(() => worker.stop(workerGraceMs));
      workerPid = () => worker.pid() ?? null;
    }
    return { addresses, simulator, logs: path.join(home, '*.log'), workerPid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function addressesOf({ origin, managementOrigin, registries, tenantId, clientId, caFile }: RunningSimulator): StackFile['simulator'] {
  return { origin, managementOrigin, registries, tenantId, clientId, caFile };
}

type Stops = (() => Promise<void>)[];

async function startTemporal(
  { config, note }: StackOptions,
  stops: Stops,
): Promise<Pick<StackFile, 'temporalAddress' | 'namespace' | 'uiAddress'>> {
  const { namespace } = config.temporal;
  if (config.given.temporal) return { temporalAddress: config.temporal.address, namespace, uiAddress: null };
  note('Starting Temporal');
  const server = await ensureTemporalServer(config.home);
  stops.push(() => stopTemporalServer(config.home, server));
  const dataConverter = await dataConverterOf(config.temporal.codecKeyFile);
  const connection = await Connection.connect({ address: server.address });
  try {
    const client = new Client({ connection, namespace, dataConverter });
    await registerSearchAttributes(client);
    await ensureReconciler(client);
  } finally {
    await connection.close();
  }
  return { temporalAddress: server.address, namespace, uiAddress: server.uiAddress };
}

async function startDatabase({ config, logger, note }: StackOptions, stops: Stops): Promise<string> {
  if (config.given.database && config.databaseUrl !== null) return config.databaseUrl;
  note('Starting the embedded PostgreSQL');
  let url = '';
  const database = await supervise({
    what: 'The embedded PostgreSQL',
    logger,
    start: async () => {
      const started = await startEmbeddedPostgres(config.home);
      url = started.url;
      return started.child;
    },
  });
  stops.push(() => database.stop(databaseGraceMs));
  return url;
}
