// `changes` tells exactly what the tenant changed, over deltas and baselines, by the real pipeline on a real database.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Database } from '../../src/store/database.ts';
import { expectedChanges, tenantState, toldBy, toldChanges } from '../support/changes.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';

let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

/** One of each kind in a run of all tests. */
const histories: readonly (readonly [seed: number, deltaEvents: 'net' | 'each'])[] = [
  [7, 'each'],
  [42, 'net'],
  ...(process.env['TIDEMARK_TEST_YEAR'] === 'whole' ? ([[1, 'net']] as const) : []),
];

test.each(histories)(
  'a history of changes between deltas and baselines (seed %i, the source tells %s events)',
  async (seed, deltaEvents) => {
    const simulator = await startSimulator({ seed, users: 150, settings: { deltaPageSize: 20, deltaMemberPageSize: 30, deltaEvents } });
    const name = `changes-${seed}`;
    const streams = ['users', 'groups', 'roles', 'appRoleAssignments'];
    const pulling = await startPulling({ database, simulator, name, streams, guard: unguarded });
    try {
      let before = { users: new Map(), groups: new Map(), relations: new Set<string>() } as Awaited<ReturnType<typeof tenantState>>;
      let since = '0';
      const all: string[] = [];
      for (let round = 0; round <= 8; round += 1) {
        if (round > 0) simulator.mutate(20 + ((round * seed) % 50));
        const { run, verdict } = await pulling.pull({ forced: round % 4 === 3 });
        expect(verdict).toBe('complete');
        const after = await tenantState((collection, select) => simulator.truth(collection, select));
        const lines = (await toldBy(database, { since, connection: name })).filter((line) => line.class !== 'role');
        expect(new Set(lines.map((line) => line.run))).toEqual(new Set([run]));
        expect(toldChanges(lines)).toEqual(expectedChanges(before, after));
        if (round > 0) all.push(...toldChanges(lines));
        [before, since] = [after, run];
      }
      for (const kind of ['added', 'removed', 'changed', '→', 'assetRelations[] +', 'assetRelations[] -'])
        expect(all.join()).toContain(kind);
      // All of it can still be told, in the order of the runs.
      const runs = (await toldBy(database, { since: '0', connection: name })).map((line) => Number(line.run.split(':')[1]));
      expect(runs).toEqual(runs.toSorted((a, b) => a - b));
      expect(new Set(runs).size).toBe(9);
    } finally {
      await pulling.close();
      await simulator.close();
    }
  },
);
