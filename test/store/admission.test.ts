// Many runs at once that want to begin, on a server with many backends.
import { claimSlot } from '../../src/store/admission.ts';
import type { Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/database.ts';
import { postgresUrl, startPostgresStore, type StartedStore } from '../support/stores.ts';

(postgresUrl === undefined ? describe.skip : describe)('admission on PostgreSQL', () => {
  let started: StartedStore;
  let database: Database;
  let other: Database;

  beforeAll(async () => {
    started = await startPostgresStore();
    database = started.database;
    other = openDatabase({ url: started.url, applicationName: 'another worker' });
  });
  afterAll(async () => {
    await other?.close();
    await started?.stop();
  });
  beforeEach(() => database.query('delete from run'));

  /** Rows as openRun makes them, numbered from 1. */
  async function rows(count: number): Promise<void> {
    await database.query(
      `insert into run (run, connection, profile, request_id, trigger, nominal_at, revision, spec, streams)
       select n, 'c ' || n, 'default', 'r', 'schedule', now(), 1, '{}', '[]' from generate_series(1, $1::int) n`,
      [count],
    );
  }

  const end = (run: number): Promise<unknown> =>
    database.query(`update run set verdict = 'complete', finished_at = now() where run = $1`, [run]);

  const admitted = async (): Promise<number[]> =>
    (await database.query<{ run: number }>('select run from run where admitted_at is not null and verdict is null order by run')).map(
      ({ run }) => run,
    );

  test.each([
    ['the fleet', { atOnce: 4, perTenant: 100 }],
    ['a tenant', { atOnce: 100, perTenant: 4 }],
  ])('fifty claims of two workers at once never exceed the limit of %s', async (_, limits) => {
    await rows(50);
    const places = await Promise.all(
      Array.from({ length: 50 }, async (__, index) => {
        const { place } = await claimSlot(index % 2 === 0 ? database : other, { run: index + 1, tenant: 'one', limits });
        return place;
      }),
    );
    expect(places.filter((place) => place === 0)).toHaveLength(4);
    expect(await admitted()).toHaveLength(4);
  });

  test('hundreds of runs begin in their order, four of a tenant and twenty in all; none starves, and who is cancelled leaves', async () => {
    const count = 300;
    const limits = { atOnce: 20, perTenant: 4 };
    // Every second run is of one large tenant.
    const tenantOf = (run: number): string => (run % 2 === 0 ? 'large' : `tenant ${run % 50}`);
    await rows(count);
    const began: number[] = [];
    const waiting: number[] = [];
    const ask = async (run: number): Promise<boolean> => {
      const { place } = await claimSlot(run % 3 === 0 ? database : other, { run, tenant: tenantOf(run), limits });
      if (place === 0) began.push(run);
      return place === 0;
    };
    for (let run = 1; run <= count; run += 1) if (!(await ask(run))) waiting.push(run);
    expect(await admitted()).toHaveLength(20);

    const cancelled = new Set(waiting.filter((run) => run % 97 === 0));
    for (const run of cancelled) {
      await end(run);
      waiting.splice(waiting.indexOf(run), 1);
    }
    for (const under = await admitted(); under.length > 0;) {
      const first = under.shift() ?? 0;
      await end(first);
      // Those in front of each tenant's line ask every second; so does whoever has room.
      const front = [waiting.find((run) => run % 2 === 0), waiting.find((run) => run % 2 === 1)].filter((run) => run !== undefined);
      for (const run of front.sort((a, b) => a - b)) {
        if (!(await ask(run))) continue;
        waiting.splice(waiting.indexOf(run), 1);
        under.push(run);
      }
      const large = under.filter((run) => run % 2 === 0).length;
      expect([under.length <= 20, large <= 4]).toEqual([true, true]);
    }
    expect(waiting).toEqual([]);
    expect(began).toHaveLength(count - cancelled.size);
    // Of each tenant in the order of their numbers: nobody was overtaken by one of its own.
    for (const tenant of ['large', 'tenant 1', 'tenant 49']) {
      const own = began.filter((run) => tenantOf(run) === tenant);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  test('a claim among a thousand that wait costs a few milliseconds, also where many runs have ended', async () => {
    await rows(21_000);
    await database.query(`update run set verdict = 'complete' where run <= 20000`);
    await database.query(`update run set tenant = 't ' || run, asks_at = now() + interval '1 minute' where verdict is null`);
    // At this size reading the whole table is as cheap; what counts is that the index can be used when it is not.
    const plan = await database.transaction(async (transaction) => {
      await transaction.query('set local enable_seqscan = off');
      return transaction.query<{ 'QUERY PLAN': string }>(
        'explain select count(*) from run r where r.verdict is null and r.admitted_at is not null',
      );
    });
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('run_without_verdict');
    const times: number[] = [];
    for (let run = 20_981; run <= 21_000; run += 1) {
      const began = performance.now();
      await claimSlot(database, { run, tenant: `t ${run}`, limits: { atOnce: 1, perTenant: 1 } });
      times.push(performance.now() - began);
    }
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(100);
  });
});
