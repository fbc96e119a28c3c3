// Admission: who is under way, who waits, in which order, and what frees a slot.
import { randomUUID } from 'node:crypto';
import type { Trigger } from '../../../src/model.ts';
import { admissionOf, claimSlot } from '../../../src/store/admission.ts';
import { deleteConnection } from '../../../src/store/connection.ts';
import type { Database } from '../../../src/store/database.ts';
import { finishRun, openRun } from '../../../src/store/run.ts';
import { changeThrottle } from '../../../src/store/throttle.ts';
import { newConnection, pin } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const limits = { atOnce: 3, perTenant: 2 };

export function admissionContract(store: () => StartedStore): void {
  const opened: number[] = [];

  /** Runs of connections of their own, oldest first. */
  async function runs(database: Database, triggers: readonly Trigger[]): Promise<number[]> {
    const made: number[] = [];
    for (const trigger of triggers) {
      const connection = await newConnection(database);
      const request = { profile: 'default', scheduledAt: null, highestRunSeen: 0, revision: 1, spec: {}, streams: [pin('users')] } as const;
      made.push((await openRun(database, { ...request, connection, requestId: randomUUID(), trigger })).run);
    }
    opened.push(...made);
    return made;
  }

  const claim = async (run: number, tenant: string): Promise<number> => (await claimSlot(store().database, { run, tenant, limits })).place;
  const end = (run: number): Promise<unknown> => finishRun(store().database, { run, verdict: 'cancelled', error: null });

  beforeEach(async () => {
    // The slots are everybody's: what other tests left open is no concern of these.
    await store().database.query('update run set admitted_at = null, asks_at = null where verdict is null');
  });
  afterEach(async () => {
    for (const run of opened.splice(0)) await end(run);
  });

  test('a slot is claimed once, as often as it is asked for, and free again when the run has its verdict', async () => {
    const { database } = store();
    const [a, b, c, d] = (await runs(database, ['manual', 'manual', 'manual', 'manual'])) as [number, number, number, number];
    expect([await claim(a, 'one'), await claim(b, 'two'), await claim(c, 'three')]).toEqual([0, 0, 0]);
    expect([await claim(a, 'one'), await claim(d, 'four'), await claim(d, 'four')]).toEqual([0, 1, 1]);
    expect([await admissionOf(database, a), await admissionOf(database, d)]).toEqual([null, 1]);
    await end(b);
    expect(await claim(d, 'four')).toBe(0);
    expect(await admissionOf(database, d)).toBeNull();
  });

  test('a tenant that is full lets the next tenant go before it', async () => {
    const { database } = store();
    const [a, b, c, d] = (await runs(database, ['schedule', 'schedule', 'schedule', 'schedule'])) as [number, number, number, number];
    expect([await claim(a, 'one'), await claim(b, 'one'), await claim(c, 'one'), await claim(d, 'two')]).toEqual([0, 0, 1, 0]);
    await end(d);
    expect(await claim(c, 'one')).toBe(1);
    await end(a);
    expect(await claim(c, 'one')).toBe(0);
  });

  test('those in front of the line come first, and those somebody asked for before all', async () => {
    const { database } = store();
    const under = (await runs(database, ['schedule', 'schedule', 'schedule'])) as [number, number, number];
    for (const run of under) await claim(run, `tenant ${run}`);
    const [first, second, asked] = (await runs(database, ['schedule', 'schedule', 'forced'])) as [number, number, number];
    expect([await claim(second, 'b'), await claim(first, 'a'), await claim(asked, 'c')]).toEqual([1, 1, 1]);
    expect([await admissionOf(database, asked), await admissionOf(database, first), await admissionOf(database, second)]).toEqual([
      1, 2, 3,
    ]);
    await end(under[0]);
    expect([await claim(second, 'b'), await claim(first, 'a'), await claim(asked, 'c')]).toEqual([3, 2, 0]);
    await end(under[1]);
    expect([await claim(second, 'b'), await claim(first, 'a')]).toEqual([2, 0]);
  });

  test('a run that waits and does not ask any more is passed over, until it asks again', async () => {
    const { database } = store();
    const under = (await runs(database, ['schedule', 'schedule', 'schedule'])) as [number, number, number];
    for (const run of under) await claim(run, `tenant ${run}`);
    const [gone, next] = (await runs(database, ['schedule', 'schedule'])) as [number, number];
    expect([await claim(gone, 'a'), await claim(next, 'b')]).toEqual([1, 2]);
    await database.query(`update run set asks_at = now() - interval '1 minute' where run = $1`, [gone]);
    expect(await admissionOf(database, gone)).toBeNull();
    await end(under[0]);
    expect([await claim(next, 'b'), await claim(gone, 'a')]).toEqual([0, 1]);
  });

  test('a tenant that is blocked for long holds nobody up: its runs count for no slot of the fleet, and none of them is admitted', async () => {
    const { database } = store();
    const key = { origin: 'https://graph.example', tenant: randomUUID(), client: 'app' };
    const tenant = `${key.origin} ${key.tenant}`;
    const [asleep, a, b, c] = (await runs(database, ['schedule', 'schedule', 'schedule', 'schedule'])) as [number, number, number, number];
    const [late, next] = (await runs(database, ['manual', 'schedule'])) as [number, number];
    expect(await claim(asleep, tenant)).toBe(0);
    expect([await claim(a, 'a'), await claim(b, 'b'), await claim(c, 'c')]).toEqual([0, 0, 1]);
    await changeThrottle(database, key, (state) => ({ ...state, blockedMs: 3_600_000 }));
    expect(await claim(late, tenant)).toBe(1);
    expect([await claim(c, 'c'), await claim(next, 'd')]).toEqual([0, 2]);
    // Awake again, it counts: there is one more than there should be, and nobody begins before two have ended.
    await changeThrottle(database, key, (state) => ({ ...state, blockedMs: 0 }));
    await end(a);
    expect(await claim(late, tenant)).toBe(1);
    await end(b);
    expect([await claim(late, tenant), await claim(next, 'd')]).toEqual([0, 1]);
  });

  test('a run that has ended, or is gone with its connection, takes no slot and has no place', async () => {
    const { database } = store();
    const [a, b, c, d] = (await runs(database, ['manual', 'manual', 'manual', 'manual'])) as [number, number, number, number];
    for (const run of [a, b, c]) await claim(run, `tenant ${run}`);
    expect(await claim(d, 'four')).toBe(1);
    await end(d);
    expect([await claim(d, 'four'), await admissionOf(database, d)]).toEqual([0, null]);
    const [owner] = await database.query<{ connection: string }>('select connection from run where run = $1', [a]);
    await deleteConnection(database, owner?.connection ?? '', { purge: true });
    opened.splice(opened.indexOf(a), 1);
    const [e] = (await runs(database, ['manual'])) as [number];
    expect(await claim(e, 'five')).toBe(0);
  });

  test('who waits asks again after a second to a minute, the later the further behind', async () => {
    const { database } = store();
    const one = { atOnce: 1, perTenant: 1 };
    const made = await runs(
      database,
      Array.from({ length: 12 }, () => 'schedule' as const),
    );
    const waits: number[] = [];
    for (const run of made) waits.push((await claimSlot(database, { run, tenant: 'one', limits: one })).waitMs);
    expect(waits[0]).toBe(0);
    for (const waitMs of waits.slice(1)) {
      expect(waitMs).toBeGreaterThanOrEqual(1_000);
      expect(waitMs).toBeLessThanOrEqual(60_000);
    }
    expect(waits[11]).toBeGreaterThanOrEqual(2_200);
    expect(waits[1]).toBeLessThan(2_000);
  });
}
