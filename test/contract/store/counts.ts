// I6: the report's counts add up, each object once, whatever the pages said; and the inventory is what a model of the rules says.
import fc from 'fast-check';
import type { JsonObject, RunReport, StreamReport } from '../../../src/model.ts';
import { readReport } from '../../../src/store/run.ts';
import { drive, fullRun, liveIds, newConnection, pin } from '../../support/storing.ts';
import type { Told } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const counts = ({ read, added, updated, unchanged, removedBySource, swept, rejected, excluded }: StreamReport): number[] => [
  read,
  added,
  updated,
  unchanged,
  removedBySource,
  swept,
  rejected,
  excluded,
];

export function countsContract(store: () => StartedStore): void {
  test.each<[name: string, mode: 'full' | 'delta', pages: Told[], expected: number[]]>([
    ['nothing', 'delta', [], [0, 0, 0, 0, 0, 0, 0, 0]],
    ['one of each', 'delta', [{ objects: { a: { n: 2 }, b: {}, new: {} }, gone: ['c'], rejects: ['bad'] }], [5, 1, 1, 1, 1, 0, 1, 0]],
    [
      'the same object on three pages',
      'delta',
      [{ objects: { b: {} } }, { objects: { b: {} } }, { objects: { b: {} } }],
      [1, 0, 0, 1, 0, 0, 0, 0],
    ],
    ['added, then updated', 'delta', [{ objects: { new: {} } }, { objects: { new: { n: 2 } } }], [1, 1, 0, 0, 0, 0, 0, 0]],
    ['updated twice', 'delta', [{ objects: { a: { n: 2 } } }, { objects: { a: { n: 3 } } }], [1, 0, 1, 0, 0, 0, 0, 0]],
    ['seen, then removed', 'delta', [{ objects: { a: { n: 2 } } }, { gone: ['a'] }], [1, 0, 0, 0, 1, 0, 0, 0]],
    ['added, then removed', 'delta', [{ objects: { new: {} } }, { gone: ['new'] }], [1, 0, 0, 0, 1, 0, 0, 0]],
    ['removed, then seen', 'delta', [{ gone: ['b'] }, { objects: { b: {} } }], [1, 0, 0, 1, 0, 0, 0, 0]],
    ['removed, unknown', 'delta', [{ gone: ['zz'] }], [0, 0, 0, 0, 0, 0, 0, 0]],
    ['rejected and known', 'full', [{ objects: { b: {}, c: {} }, rejects: ['a'] }], [3, 0, 0, 2, 0, 0, 1, 0]],
    ['rejected, then accepted', 'delta', [{ rejects: ['new'] }, { objects: { new: {} } }], [1, 0, 0, 0, 0, 0, 1, 0]],
    ['rejected, then removed', 'delta', [{ rejects: ['a'] }, { gone: ['a'] }], [1, 0, 0, 0, 1, 0, 0, 0]],
    ['swept', 'full', [{ objects: { a: { n: 1 } } }], [1, 0, 0, 1, 0, 2, 0, 0]],
    ['removed by source in a full walk', 'full', [{ objects: { b: {}, c: {} }, gone: ['a'] }], [3, 0, 0, 2, 1, 0, 0, 0]],
  ])('%s', async (_, mode, pages, expected) => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: { n: 1 }, b: {}, c: {} } });
    const run = await drive(database, { connection, mode, streams: [pin('users')] });
    await run.walk('users');
    for (const page of pages) await run.page('users', page);
    await run.end('users');
    await run.settle('users');
    expect(counts((await run.finish()).streams[0]!)).toEqual(expected);
  });

  test('of a run that was stopped, what was staged counts as what it still is', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: {}, b: {}, c: {} } });
    const run = await drive(database, { connection, mode: 'delta', streams: [pin('users')] });
    await run.walk('users');
    await run.page('users', { objects: { a: {} }, gone: ['b'] });
    await run.page('users', { gone: ['a'] });
    expect(counts((await readReport(database, run.run))!.streams[0]!)).toEqual([1, 0, 0, 1, 0, 0, 0, 0]);
    const report = await run.finish('cancelled');
    expect(counts(report.streams[0]!)).toEqual([1, 0, 0, 1, 0, 0, 0, 0]);
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
  });

  test('streams without assets count none', async () => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database), streams: [pin('groups', false)] });
    await run.walk('groups');
    await run.page('groups', { objects: { g: {} } });
    await run.end('groups');
    expect((await run.finish()).assets).toEqual({ added: 0, updated: 0, removed: 0, unchanged: 0 });
  });

  test('I6 and the inventory hold for any rounds', async () => {
    const { database } = store();
    const property = fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
      const connection = await newConnection(database);
      const model = newModel();
      for (const { mode, pages, complete } of rounds) {
        const run = await drive(database, { connection, mode, streams: [pin('users')] });
        await run.walk('users');
        for (const page of pages) await run.page('users', told(page));
        await run.end('users', complete ? 'complete' : 'partial');
        await run.settle('users');
        const report = await run.finish(complete ? 'complete' : 'partial');
        const expected = model.run(mode, pages, complete);
        expect({ counts: counts(report.streams[0]!), assets: report.assets }).toEqual(expected);
        expect(await liveIds(database, connection)).toEqual([...model.live.keys()].sort());
      }
    });
    await fc.assert(property, { numRuns: 15 });
  });
}

type Word = { readonly says: 'object'; readonly n: number } | { readonly says: 'gone' | 'rejected' };
type Page = Readonly<Record<string, Word>>;

const word: fc.Arbitrary<Word> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ says: fc.constant('object' as const), n: fc.integer({ min: 0, max: 1 }) }) },
  { weight: 2, arbitrary: fc.record({ says: fc.constantFrom('gone' as const, 'rejected' as const) }) },
);
const page: fc.Arbitrary<Page> = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), word, { maxKeys: 5, noNullPrototype: true });
const round = fc.record({
  mode: fc.constantFrom('full' as const, 'delta' as const),
  pages: fc.array(page, { maxLength: 4 }),
  complete: fc.boolean(),
});

function told(of: Page): Told {
  const ids = (says: Word['says']): string[] => Object.keys(of).filter((id) => of[id]!.says === says);
  const objects: Record<string, JsonObject> = {};
  for (const [id, said] of Object.entries(of)) if (said.says === 'object') objects[id] = { n: said.n };
  return { objects, gone: ids('gone'), rejects: ids('rejected') };
}

interface Model {
  /** id to n. */
  readonly live: Map<string, number>;
  run(mode: 'full' | 'delta', pages: readonly Page[], complete: boolean): { counts: number[]; assets: RunReport['assets'] };
}

/** The rules of decisions 3, 5 and 6, written once more without a database. */
function newModel(): Model {
  const live = new Map<string, number>();
  const without = (ids: Iterable<string>, ...others: readonly ReadonlySet<string>[]): Set<string> =>
    new Set([...ids].filter((id) => !others.some((other) => other.has(id))));
  return {
    live,
    run(mode, pages, complete) {
      const seen = new Set<string>();
      const rejected = new Set<string>();
      const added = new Set<string>();
      const updated = new Set<string>();
      const staged = new Set<string>();
      for (const [id, what] of pages.flatMap((of) => Object.entries(of))) {
        // What is set aside is there all the same: it takes a staged removal back as any sight does.
        if (what.says !== 'gone') staged.delete(id);
        if (what.says === 'rejected') rejected.add(id);
        else if (what.says === 'gone' && live.has(id)) staged.add(id);
        else if (what.says === 'object') {
          seen.add(id);
          if (!live.has(id)) added.add(id);
          else if (live.get(id) !== what.n) updated.add(id);
          live.set(id, what.n);
        }
      }
      const removed = complete ? staged : new Set<string>();
      const swept = complete && mode === 'full' ? without(live.keys(), seen, rejected, removed) : new Set<string>();
      for (const id of [...removed, ...swept]) live.delete(id);
      const setAside = without(rejected, removed);
      const accepted = without(seen, removed, rejected);
      const fresh = without(added, removed, rejected);
      const changed = without(updated, removed, rejected, added);
      const read = accepted.size + setAside.size + removed.size;
      const unchanged = accepted.size - fresh.size - changed.size;
      return {
        counts: [read, fresh.size, changed.size, unchanged, removed.size, swept.size, setAside.size, 0],
        assets: {
          added: without(added, removed).size,
          updated: without(updated, removed, added).size,
          removed: removed.size + swept.size,
          unchanged,
        },
      };
    },
  };
}
