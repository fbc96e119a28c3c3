// The budgets of docs/performance.md: what is measured of one run, in order.
import { measureColdStart } from './coldStart.ts';
import { measureCrashes } from './crash.ts';
import { type FullFigures, measureDeltas, measureDevices, measureFull } from './figures.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { startMeasuredPostgres } from './support/postgres.ts';
import type { Measured } from './table.ts';

/** Full pulls, deltas and kills at each size, on one PostgreSQL. */
export async function measureBudgets(sizes: readonly number[], note: (line: string) => void): Promise<Measured> {
  const coldStartMs = measureColdStart();
  note('The cold start is measured; starting PostgreSQL.');
  const postgres = await startMeasuredPostgres();
  const installations: Installation[] = [];
  try {
    const fulls: FullFigures[] = [];
    for (const users of sizes) {
      note(`${users} users: starting a simulator, Temporal and a worker.`);
      const installation = await startInstallation(postgres.url, users);
      installations.push(installation);
      note(`${users} users: full pulls, a quiet delta, and the limit.`);
      fulls.push(await measureFull(installation));
    }
    note('Deltas of 100 changes, in turns.');
    const deltas = await measureDeltas(installations, 7);
    const devices: FullFigures[] = [];
    for (const installation of installations) {
      note(`${installation.shape.users} devices: full pulls, a quiet delta, and the limit.`);
      devices.push(await measureDevices(installation));
    }
    const peaks = installations.map(({ worker }) => worker.peakBytes());
    note('Full pulls of the smallest tenant, the worker killed.');
    const [smallest] = installations;
    if (smallest === undefined) throw new Error('There is no size to measure.');
    const crash = await measureCrashes(smallest);
    return {
      sizes: sizes.map((users, index) => {
        const [full, delta, ofDevices, peakBytes] = [fulls[index], deltas[index], devices[index], peaks[index]];
        if (full === undefined || delta === undefined || ofDevices === undefined || peakBytes === undefined)
          throw new Error(`${users} users were not measured.`);
        return { users, full, delta, devices: ofDevices, peakBytes };
      }),
      crash,
      coldStartMs,
    };
  } finally {
    for (const installation of installations.toReversed()) await installation.stop();
    await postgres.stop();
    note('All is stopped.');
  }
}
