// The worker: reads the configuration, builds the dependencies, serves the task queues, drains on SIGTERM. Nothing else.
// It waits for Temporal and the database as long as they are away, and says so; it ends by itself only when its configuration is wrong.
import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createActivities } from './activities/index.ts';
import { dataConverterOf } from './clients/codec/dataConverter.ts';
import { loadIdentity } from './clients/token.ts';
import { type Config, readConfig } from './config.ts';
import { asTidemarkError, TidemarkError } from './errors.ts';
import { armFailpoints, failpoint } from './failpoint.ts';
import { createLogger, type Logger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { packageVersion } from './stack/version.ts';
import { openDatabase } from './store/database.ts';
import { migrate } from './store/schema.ts';
import { type Build, loadBuild } from './worker/build.ts';
import { keepPresence } from './worker/presence.ts';
import { keepReconciler } from './worker/reconciler.ts';
import { installRuntime } from './worker/runtime.ts';
import { keepStandings } from './worker/standings.ts';
import type { Tracing } from './worker/tracing.ts';
import { deploymentOf } from './worker/versioning.ts';
import { taskQueues } from './workflows/ids.ts';

/** How long activities may take to reach their page's end after SIGTERM; then they are cancelled, and given up a little later. */
const drainMs = 20_000;
const giveUpMs = 30_000;
const waitBetweenTriesMs = 1_000;
/** A source that answers slowly holds an activity open without holding the processor. */
const pullsAtOnce = 30;

/** Which of the two task queues are served; undefined: both. */
type Only = 'control' | 'pull' | undefined;

/**
 * Serves until SIGTERM, SIGINT, or the end of the process that started it over a channel; then drains and returns.
 * @throws CONFIG_INVALID when no waiting could mend it.
 */
export async function runWorker(config: Config, only: Only): Promise<void> {
  const logger = createLogger(config.log);
  const queues: string[] = only === undefined ? [taskQueues.control, taskQueues.pull] : [taskQueues[only]];
  if (config.databaseUrl === null) {
    throw new TidemarkError('CONFIG_INVALID', 'TIDEMARK_DATABASE_URL is not set, and no stack was started here.', {
      hint: 'Set it, or run "tidemark up" in this directory first.',
    });
  }
  armFailpoints(...config.failpoints);

  const draining = new AbortController();
  const stop = (): void => {
    // Asked twice: now. What was under way goes on elsewhere after its heartbeat timeout.
    if (draining.signal.aborted) process.exit(1);
    logger.info('Draining: pages under way are finished.');
    draining.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  process.once('disconnect', stop);

  const metrics = createMetrics(installRuntime(logger, config.metrics));
  const tracing = await tracingOf(config);
  const until = { draining: draining.signal, logger };
  const { namespace } = config.temporal;
  const database = openDatabase({ url: config.databaseUrl, applicationName: 'tidemark-worker' });
  try {
    // Without keys there is nothing to encode: tasks take the shorter way.
    const { codecKeyFile } = config.temporal;
    const dataConverter = codecKeyFile === null ? {} : await dataConverterOf(codecKeyFile);
    const build = await buildOf(config, queues);
    await whenThere('The database', until, () => migrate(database));
    const connection = await whenThere(`Temporal at ${config.temporal.address}`, until, () => connect(config));
    const interceptors = tracing === null ? {} : { interceptors: { workflow: [tracing.client] } };
    const client = new Client({ connection, namespace, dataConverter, ...interceptors });
    const activities = createActivities({
      database,
      client,
      config,
      logger,
      metrics,
      build: config.versioning ? build.id : null,
      draining: draining.signal,
    });
    const workers = await whenThere(`The namespace ${namespace}`, until, () =>
      Promise.all(
        queues.map((queue) =>
          Worker.create({ ...workerOptions(config, queue, build), ...tracing?.worker, connection, dataConverter, activities }),
        ),
      ),
    );
    failpoint('worker.started');
    const running = workers.map((worker) => worker.run());
    const shutdown = (): void => workers.forEach((worker) => worker.shutdown());
    if (draining.signal.aborted) shutdown();
    draining.signal.addEventListener('abort', shutdown);
    const reconciler = keepReconciler(client, until);
    const presence = await keepPresence(database, { namespace, build: build.id, queues, logger });
    const standings = config.metrics === null ? null : keepStandings(database, metrics);
    logger.info('The worker serves.', { queues, namespace, temporal: config.temporal.address, build: build.id });
    process.send?.('ready');
    // Before its first run asks for it, who is told where it fails.
    if (queues.includes(taskQueues.pull)) loadIdentity().catch(() => undefined);
    await Promise.all(running);
    standings?.end();
    await presence.end();
    await reconciler;
    await connection.close();
  } catch (error) {
    if (!draining.signal.aborted) throw error;
  } finally {
    await database.close();
    await tracing?.end();
  }
  logger.info('The worker has ended.');
}

/** Where nobody asked for traces, nothing of them is loaded. */
async function tracingOf({ traces }: Config): Promise<Tracing | null> {
  return traces === null ? null : (await import('./worker/tracing.ts')).startTracing(traces, packageVersion());
}

/** A worker without workflows has its bundle's hash only where it has to be told apart by it. */
async function buildOf(config: Config, queues: readonly string[]): Promise<Build> {
  const needed = queues.includes(taskQueues.control) || config.versioning;
  return needed ? loadBuild({ encodedFailures: config.temporal.codecKeyFile !== null }) : { id: packageVersion(), bundle: null };
}

function workerOptions(config: Config, queue: string, { id, bundle }: Build): WorkerOptions {
  // That a run was stopped comes with the answer to a heartbeat: a wait of the source must not keep it longer than this.
  const throttleMs = Math.min(2_000, Math.ceil(config.timings.heartbeatTimeoutMs / 6));
  const common = {
    namespace: config.temporal.namespace,
    taskQueue: queue,
    maxHeartbeatThrottleInterval: throttleMs,
    defaultHeartbeatThrottleInterval: throttleMs,
    shutdownGraceTime: drainMs,
    shutdownForceTime: giveUpMs,
    ...(config.versioning ? { workerDeploymentOptions: deploymentOf(id) } : {}),
  };
  if (queue === taskQueues.pull || bundle === null) return { ...common, maxConcurrentActivityTaskExecutions: pullsAtOnce };
  return { ...common, workflowBundle: bundle };
}

const connect = (config: Config): Promise<NativeConnection> => NativeConnection.connect({ ...config.temporal.connection });

interface Until {
  readonly draining: AbortSignal;
  readonly logger: Logger;
}

/** Tries until it works; says once that it waits, and once that it is over. @throws what no waiting mends. */
async function whenThere<T>(what: string, { draining, logger }: Until, open: () => Promise<T>): Promise<T> {
  for (let said = false; ;) {
    try {
      const opened = await open();
      if (said) logger.info(`${what} answers.`);
      return opened;
    } catch (error) {
      if (draining.aborted || asTidemarkError(error).code === 'CONFIG_INVALID') throw error;
      if (!said) logger.warn(`${what} does not answer; waiting for it.`, { error });
      said = true;
      await sleep(waitBetweenTriesMs, undefined, { signal: draining });
    }
  }
}

function onlyOf(text: string | undefined): Only {
  if (text === undefined || text === 'control' || text === 'pull') return text;
  throw new TidemarkError('CONFIG_INVALID', `"${text}" is not a kind of worker.`, { hint: 'Use --only control or --only pull.' });
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' } } });
    await runWorker(readConfig(), onlyOf(values.only));
    process.exit(0);
  } catch (error) {
    const failure = asTidemarkError(error);
    createLogger('info').error(failure.code === 'INTERNAL' ? 'The worker failed.' : `${failure.message} ${failure.hint}`, { error });
    process.exit(failure.code === 'CONFIG_INVALID' ? 2 : 1);
  }
}
