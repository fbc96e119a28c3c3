// A profile of orders (decision 45): its runs write the new files of the connection's directory, each once, and say what became of them.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunReport } from '../../src/model.ts';
import { connectionId } from '../../src/workflows/ids.ts';
import { pullDueUpdate } from '../../src/workflows/messages.ts';
import { killInTurn } from '../crash/runs.ts';
import { type Servers, sharedServers } from '../crash/site.ts';
import { inTurn } from '../crash/suite.ts';
import { prepareWorkerCode, type WorkerCode } from '../crash/workerProcess.ts';
import { putSimulated } from '../support/pulling.ts';
import { atFulfilSite, type FulfilSite, type Order, readResults, writesOf } from './site.ts';

const caseTimeoutMs = 300_000;
let place: Servers & { readonly code: WorkerCode };
beforeAll(async () => {
  if (process.env['TIDEMARK_TEST_DATABASE_URL'] !== undefined) place = { ...(await sharedServers()), code: await prepareWorkerCode() };
}, caseTimeoutMs);

const connection = { streams: ['orders'], settings: { fulfil: { orders: 'inbox' } } };

interface Inbox extends FulfilSite {
  put(name: string, content: readonly Order[] | string): void;
  results(name: string): Record<string, string>;
  /** The next run, by hand. */
  run(): Promise<Pick<RunReport, 'verdict' | 'error' | 'mode' | 'reason'> & { readonly orders: RunReport['orders'] }>;
}

const atInbox = (work: (site: Inbox) => Promise<void>): Promise<void> =>
  atFulfilSite({ ...place, connection }, (site) => {
    const inbox = path.join(site.directory, 'inbox');
    mkdirSync(inbox);
    let runs = 0;
    return work({
      ...site,
      put(name, content) {
        const text = typeof content === 'string' ? content : content.map((order) => `${JSON.stringify(order)}\n`).join('');
        writeFileSync(path.join(inbox, `.${name}`), text);
        renameSync(path.join(inbox, `.${name}`), path.join(inbox, name));
      },
      results: (name) =>
        Object.fromEntries([...readResults(path.join(inbox, `${name}.results.csv`))].map(([id, { state }]) => [id, state])),
      async run() {
        await site.ask('run');
        const { verdict, error, mode, reason, orders } = await site.runEnds((runs += 1));
        return { verdict, error, mode, reason, orders };
      },
    });
  });

const group = (id: string): Order => ({
  id,
  action: 'create',
  type: 'group',
  values: { displayName: id, mailEnabled: false, mailNickname: id, securityEnabled: true },
});
const rename = (id: string, key: string): Order => ({ id, action: 'update', type: 'group', key, values: { description: id } });

/** Of a run that found no file to write. */
const nothing = { files: 0, filesNotEnded: 0, executed: 0, errored: 0, skipped: 0 };

inTurn(
  'each file is written once, in the order of their names, and again only where it has changed; a file or a directory that cannot be read is told',
  () =>
    atInbox(async (site) => {
      const { put, results, run, startWorker, simulator, directory, database } = site;
      startWorker();
      put('2-rename.ndjson', [rename('r-1', 'g-1'), rename('r-2', randomUUID())]);
      put('1-make.ndjson', [group('g-1')]);
      put('notes.txt', 'no orders');
      expect(await run()).toEqual({
        verdict: 'complete',
        error: null,
        mode: 'fulfil',
        reason: 'orders',
        orders: { files: 2, filesNotEnded: 0, executed: 2, errored: 1, skipped: 0 },
      });
      expect([results('1-make.ndjson'), results('2-rename.ndjson')]).toEqual([
        { 'g-1': 'Executed' },
        { 'r-1': 'Executed', 'r-2': 'Errored' },
      ]);
      const files = readdirSync(path.join(directory, 'inbox')).toSorted((a, b) => (a < b ? -1 : 1));
      expect(files).toEqual(['1-make.ndjson', '1-make.ndjson.results.csv', '2-rename.ndjson', '2-rename.ndjson.results.csv', 'notes.txt']);

      simulator.resetRequests();
      expect(await run()).toMatchObject({ verdict: 'complete', orders: nothing });
      // What lies there still is known when the ledger has forgotten its orders: it would be written twice.
      for (const table of ['order_line', 'order_file', 'order_ledger']) await database.query(`delete from ${table}`);
      expect(await run()).toMatchObject({ verdict: 'complete', orders: nothing });
      expect(simulator.requests().filter(({ method }) => method !== 'GET')).toEqual([]);

      put('3-more.ndjson', [rename('r-3', randomUUID())]);
      expect(await run()).toMatchObject({ orders: { ...nothing, files: 1, errored: 1 } });
      const made = [...simulator.truth('groups', ['id', 'displayName'])].find((found) => found['displayName'] === 'g-1')?.['id'];
      put('3-more.ndjson', [rename('r-3', randomUUID()), rename('r-4', String(made))]);
      expect((await run()).orders).toMatchObject({ files: 1, executed: 1 });
      expect(writesOf(simulator).filter((line) => line.endsWith(' 204'))).toEqual([`PATCH groups/${String(made)} 204`]);

      // The others are written, and it is taken up once it is mended.
      put('bad.ndjson', `${JSON.stringify(group('g-3'))}\n{"id":`);
      const alone = await run();
      expect([alone.verdict, alone.error?.code, alone.orders]).toMatchObject(['failed', 'CONFIG_INVALID', { files: 1, filesNotEnded: 1 }]);
      expect(alone.error?.message).toContain('line 2 is not a JSON object');
      put('good.ndjson', [group('g-4')]);
      const both = await run();
      expect([both.verdict, both.error?.code]).toEqual(['partial', 'RUN_PARTIAL']);
      expect(both.error?.message).toContain('Not written: inbox/bad.ndjson.');
      expect(results('good.ndjson')).toEqual({ 'g-4': 'Executed' });
      put('bad.ndjson', [group('g-3')]);
      expect(await run()).toMatchObject({ verdict: 'complete', orders: { files: 1, filesNotEnded: 0, executed: 1 } });

      // A directory that is not there fails the run, which says what to do.
      await putSimulated({
        database,
        simulator,
        name: site.spec.name,
        ...site.subject.connection,
        settings: { fulfil: { orders: 'elsewhere' } },
      });
      const { verdict, error } = await run();
      expect([verdict, error?.code]).toEqual(['failed', 'CONFIG_INVALID']);
      expect(error?.hint).toContain('TIDEMARK_ORDERS_DIR');
    }),
  caseTimeoutMs,
);

inTurn(
  'workers that are killed at order.afterSend and orders.ended: the occurrence of the schedule ends all the same, and each order was written once',
  () =>
    atInbox(async (site) => {
      const { put, results, simulator, client, spec, runEnds, ask, directory } = site;
      put('make.ndjson', [group('g-1'), group('g-2')]);
      await ask('run');
      await killInTurn(site, ['order.afterSend', 'orders.ended']);
      expect(await runEnds(1)).toMatchObject({ verdict: 'complete', orders: { files: 1, executed: 2, errored: 0, skipped: 0 } });
      expect(results('make.ndjson')).toEqual({ 'g-1': 'Executed', 'g-2': 'Executed' });
      const named = [...simulator.truth('groups', ['displayName'])].filter(({ displayName }) => /^g-\d$/.test(String(displayName)));
      expect(named).toHaveLength(2);
      // As the tick of a Schedule asks.
      put('next.ndjson', [group('g-3')]);
      const scheduledAt = '2026-05-05T18:39:00Z';
      const due = { args: [{ profile: 'default', scheduledAt }] as [object] };
      expect(await client.workflow.getHandle(connectionId(spec.name)).executeUpdate(pullDueUpdate, due)).toMatchObject({ outcome: 'run' });
      expect(await runEnds(2)).toMatchObject({ trigger: 'schedule', verdict: 'complete', orders: { files: 1, executed: 1 } });
      expect(readFileSync(path.join(directory, 'inbox', 'next.ndjson.results.csv'), 'utf8')).toContain('g-3,Executed');
    }),
  caseTimeoutMs,
);
