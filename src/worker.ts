// The worker: reads the configuration, builds the dependencies, serves the task queues, drains on SIGTERM. Nothing else.
// It waits for Temporal and the database as long as they are away, and says so; it ends by itself only when its configuration is wrong.
import {
  type LogLevel as TemporalLogLevel,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createActivities } from './activities/index.ts';
import { type Config, readConfig } from './config.ts';
import { asTidemarkError, TidemarkError } from './errors.ts';
import { armFailpoint, failpoint } from './failpoint.ts';
import { createLogger, type Logger } from './log.ts';
import { openDatabase } from './store/database.ts';
import { migrate } from './store/schema.ts';
import { bundleWorkflows } from './stack/workflowBundle.ts';
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
  armFailpoint(config.failpoint);

  const draining = new AbortController();
  const stop = (): void => {
    // Asked twice: now. What was under way goes on elsewhere after its heartbeat timeout.
    if (draining.signal.aborted) process.exit(1);
    logger.info('Draining: pages under way are finished.');
    draining.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  process.once('disconnect', stop);

  installRuntime(logger);
  const until = { draining: draining.signal, logger };
  const database = openDatabase({ url: config.databaseUrl, applicationName: 'tidemark-worker' });
  try {
    await whenThere('The database', until, () => migrate(database));
    const connection = await whenThere(`Temporal at ${config.temporal.address}`, until, () => connect(config));
    const client = new Client({ connection, namespace: config.temporal.namespace });
    const activities = createActivities({ database, client, config, logger, draining: draining.signal });
    const options = await Promise.all(queues.map((queue) => workerOptions(config, queue)));
    const workers = await whenThere(`The namespace ${config.temporal.namespace}`, until, () =>
      Promise.all(options.map((option) => Worker.create({ ...option, connection, activities }))),
    );
    failpoint('worker.started');
    const running = workers.map((worker) => worker.run());
    const shutdown = (): void => workers.forEach((worker) => worker.shutdown());
    if (draining.signal.aborted) shutdown();
    draining.signal.addEventListener('abort', shutdown);
    logger.info('The worker serves.', { queues, namespace: config.temporal.namespace, temporal: config.temporal.address });
    process.send?.('ready');
    await Promise.all(running);
    await connection.close();
  } catch (error) {
    if (!draining.signal.aborted) throw error;
  } finally {
    await database.close();
  }
  logger.info('The worker has ended.');
}

async function workerOptions(config: Config, queue: string): Promise<WorkerOptions> {
  const throttleMs = Math.min(10_000, Math.ceil(config.timings.heartbeatTimeoutMs / 6));
  const common = {
    namespace: config.temporal.namespace,
    taskQueue: queue,
    maxHeartbeatThrottleInterval: throttleMs,
    defaultHeartbeatThrottleInterval: throttleMs,
    shutdownGraceTime: drainMs,
    shutdownForceTime: giveUpMs,
  };
  if (queue === taskQueues.pull) return { ...common, maxConcurrentActivityTaskExecutions: pullsAtOnce };
  return { ...common, workflowBundle: await workflowBundle() };
}

async function workflowBundle(): Promise<WorkflowBundleOption> {
  const codePath = path.join(import.meta.dirname, 'workflows.bundle.js');
  return existsSync(codePath) ? { codePath } : { code: await bundleWorkflows() };
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

/** Temporal's own log lines join ours. */
function installRuntime(logger: Logger): void {
  const levels = { TRACE: 'debug', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  const log = (level: TemporalLogLevel, message: string, meta?: Record<string | symbol, unknown>): void =>
    logger[levels[level]](`temporal: ${message}`, meta);
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log,
      trace: (message, meta) => log('TRACE', message, meta),
      debug: (message, meta) => log('DEBUG', message, meta),
      info: (message, meta) => log('INFO', message, meta),
      warn: (message, meta) => log('WARN', message, meta),
      error: (message, meta) => log('ERROR', message, meta),
    },
  });
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
