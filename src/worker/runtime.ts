// Temporal's part of the worker: its log lines join ours, and its metrics and ours are served for Prometheus.
import type { MetricMeter } from '@temporalio/common';
import { type LogLevel as TemporalLogLevel, Runtime } from '@temporalio/worker';
import { TidemarkError } from '../errors.ts';
import { type Logger, placeOfWorkflow } from '../log.ts';

type Meta = Readonly<Record<string | symbol, unknown>>;

const levels = { TRACE: 'debug', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
/** Warnings about what is meant to be so: the worker of the pulls has activities only. And what activities log themselves, with their codes. */
const expected = new Set(['No workflows registered, not polling for workflow tasks', 'Activity failed']);

/**
 * May be called once in a process. Answers the meter that the metrics are made from; without an address nobody serves what it counts.
 * @throws CONFIG_INVALID when `metrics` (an IP address and a port) cannot be listened on.
 */
export function installRuntime(logger: Logger, metrics: string | null): MetricMeter {
  const log = (level: TemporalLogLevel, message: string, meta: Meta = {}): void => {
    const { workflowId } = meta;
    const place = typeof workflowId === 'string' ? placeOfWorkflow(workflowId) : {};
    logger[expected.has(message) ? 'debug' : levels[level]](`temporal: ${message}`, { ...place, ...meta });
  };
  try {
    const runtime = Runtime.install({
      shutdownSignals: [],
      logger: {
        log,
        trace: (message, meta) => log('TRACE', message, meta),
        debug: (message, meta) => log('DEBUG', message, meta),
        info: (message, meta) => log('INFO', message, meta),
        warn: (message, meta) => log('WARN', message, meta),
        error: (message, meta) => log('ERROR', message, meta),
      },
      telemetryOptions: metrics === null ? {} : { metrics: { prometheus: { bindAddress: metrics, useSecondsForDurations: true } } },
    });
    return runtime.metricMeter;
  } catch (error) {
    if (metrics === null) throw error;
    throw new TidemarkError('CONFIG_INVALID', `TIDEMARK_METRICS: ${metrics} cannot be listened on.`, {
      hint: 'Another process may have that port: give each worker of a machine its own.',
      cause: error,
    });
  }
}
