// The gauges of every connection, read again from time to time: what another worker or a verb did shows here too.
import { clearInterval, setInterval } from 'node:timers';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database.ts';
import { readStandings } from '../store/standing.ts';

const everyMs = 15_000;

/** Reads them at once, and then every 15 seconds; while the database is away they stay as they were. */
export function keepStandings(database: Database, metrics: Metrics): { end(): void } {
  const read = (): void =>
    void readStandings(database).then(
      (standings) => metrics.connectionsStand(standings),
      () => undefined,
    );
  const timer = setInterval(read, everyMs);
  read();
  return { end: () => clearInterval(timer) };
}
