// The worker's own metrics, on the endpoint of Temporal's (TIDEMARK_METRICS): one table of names, and when each is counted.
// MUST keep labels bounded: connectors, streams, codes and connections; never a run, an id or a text of others.
import type { MetricMeter, MetricTags } from '@temporalio/common';
import type { RunReport } from './model.ts';

/** How a connection stands, for the gauges. */
export interface ConnectionStanding {
  readonly connection: string;
  /** Seconds since 1970; null before the first complete run. */
  readonly lastSuccess: number | null;
  readonly held: number;
  /** Seconds until the credential in use ends, 0 after it; null when the source does not tell. */
  readonly secretExpires: number | null;
}

export interface Metrics {
  /** MUST be called once for each run. */
  runEnded(connector: string, report: RunReport): void;
  /** MUST be called once for each occurrence, or for `count` of them. */
  occurrenceSkipped(reason: string, count?: number): void;
  connectionsStand(standings: readonly ConnectionStanding[]): void;
}

/** Prometheus' names. Counters end in _total, units are in the name. */
export const metricNames = {
  runs: 'tidemark_runs_total',
  lastSuccess: 'tidemark_last_success_timestamp_seconds',
  records: 'tidemark_records_total',
  requests: 'tidemark_requests_total',
  throttled: 'tidemark_throttled_seconds_total',
  held: 'tidemark_held_removals',
  secretExpires: 'tidemark_secret_expires_seconds',
  skipped: 'tidemark_skipped_occurrences_total',
} as const;

const changes = ['added', 'updated', 'unchanged', 'removedBySource', 'swept', 'rejected', 'excluded'] as const;

/** What the reconciler finds: Temporal never fired them. */
export const neverFired = 'never fired';

/** The texts that occurrences are skipped with, as labels; any other text is `other`. */
const skipReasons: readonly (readonly [RegExp, string])[] = [
  [/^paused/, 'paused'],
  [/is running/, 'running'],
  [/is waiting/, 'waiting'],
  [/inactive/, 'inactive'],
  [/no such profile/, 'no_profile'],
  [/was deleted/, 'deleted'],
  [/hour comes twice/, 'repeated_local_time'],
  [new RegExp(`^${neverFired}$`), 'never_fired'],
];

export function createMetrics(meter: MetricMeter): Metrics {
  const { counter, seconds } = counters(meter);
  const runs = counter(metricNames.runs, 'Runs that ended, by verdict.');
  const records = counter(metricNames.records, 'Objects that runs read or removed, by what became of them.');
  const requests = counter(metricNames.requests, 'Requests to sources.');
  const throttled = seconds(metricNames.throttled, 'Time that runs waited because a source throttled them.');
  const skipped = counter(metricNames.skipped, 'Occurrences of schedules that did not run, by reason.');
  const lastSuccess = meter.createGauge(metricNames.lastSuccess, 'int', 's', 'When the last complete run of a connection ended.');
  const held = meter.createGauge(metricNames.held, 'int', undefined, 'Removals that wait for approval.');
  const secretExpires = meter.createGauge(metricNames.secretExpires, 'int', 's', 'Until the credential in use of a connection ends.');
  return {
    runEnded(connector, { verdict, mode, streams }) {
      runs(1, { connector, mode: mode ?? 'none', verdict: verdict ?? 'none' });
      for (const report of streams) {
        requests(report.requests, { connector });
        throttled(report.throttledMs, { connector });
        for (const change of changes) records(report[change], { stream: report.stream, change });
      }
    },
    occurrenceSkipped(reason, count = 1) {
      skipped(count, { reason: skipReasons.find(([text]) => text.test(reason))?.[1] ?? 'other' });
    },
    connectionsStand(standings) {
      for (const { connection, ...stands } of standings) {
        if (stands.lastSuccess !== null) lastSuccess.set(stands.lastSuccess, { connection });
        held.set(stands.held, { connection });
        if (stands.secretExpires !== null) secretExpires.set(stands.secretExpires, { connection });
      }
    },
  };
}

type Add = (value: number, tags: MetricTags) => void;

/** The meter's counters take whole numbers; zero is left out, so that only what has happened has a series. */
function counters(meter: MetricMeter): Record<'counter' | 'seconds', (name: string, what: string) => Add> {
  const counter = (name: string, what: string): Add => {
    const made = meter.createCounter(name, undefined, what);
    return (value, tags) => void (value > 0 && made.add(value, tags));
  };
  return {
    counter,
    seconds(name, what) {
      const whole = counter(name, what);
      const rests = new Map<string, number>();
      return (ms, tags) => {
        const key = JSON.stringify(tags);
        const sum = (rests.get(key) ?? 0) + ms;
        rests.set(key, sum % 1000);
        whole(Math.floor(sum / 1000), tags);
      };
    },
  };
}
