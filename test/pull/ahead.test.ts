// A page is prepared while the one before it commits, and without a look where all before it was new: what is stored then, and what the report says, is what
// pages leave that are read one at a time, each looked up. Both are done to the same made-up pages; a seed is in each title.
import { randomUUID } from 'node:crypto';
import type { Source, SourcePage } from '../../src/clients/source.ts';
import { shippedTimings } from '../../src/config.ts';
import { completeSpec } from '../../src/connectors/complete.ts';
import { connectionInput } from '../../src/connectors/input.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import type { Json, JsonObject, RunReport, StreamReport } from '../../src/model.ts';
import { streamPins, streamTargets } from '../../src/pull/target.ts';
import { settleRun } from '../../src/pull/settle.ts';
import { walkStream } from '../../src/pull/walk.ts';
import { putConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { finishRun, openRun, planRun } from '../../src/store/run.ts';
import { mix } from '../../simulator/random.ts';
import { freshDatabase } from '../support/databases.ts';
import { expectTally } from '../support/tally.ts';

let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

type Page = readonly JsonObject[];
const memberTypes = ['#microsoft.graph.user', '#microsoft.graph.device'];

interface Script {
  readonly name: string;
  readonly seed: number;
  /** Of so many ids a page's groups are: few come again and again, many hardly ever. */
  readonly groups: number;
  readonly users: number;
  readonly pages: number;
  /** Whether the last group of a page goes on in the next one. */
  readonly split: boolean;
  /** After some pages of new groups the last group of one is of the first page, and goes on in the next one or does not. */
  readonly replays?: 'once' | 'goes on';
}

/** Pages of groups with members: new, again, changed, gone, back, set aside (nested too deep), and relations that come and go. */
function pagesOf({ seed, groups, users, pages, split, replays }: Script, round: number): Page[] {
  let drawn = 0;
  const draw = (below: number): number => mix(seed, round, (drawn += 1)) % below;
  const made: Page[] = [];
  for (let page = 0; page < pages; page += 1) {
    const goesOn = split || (replays === 'goes on' && page % 4 === 0);
    const again = goesOn ? made.at(-1)?.at(-1)?.['id'] : undefined;
    const objects = Array.from({ length: 1 + draw(6) }, (_, index): JsonObject => {
      const id = index === 0 && typeof again === 'string' ? again : `g${groups > 1_000 ? made.length * 100 + index : draw(groups)}`;
      if (groups <= 1_000 && draw(12) === 0) return { id, '@removed': { reason: 'deleted' } };
      const members = Array.from({ length: users === 0 ? 0 : draw(8) }, (): JsonObject => {
        const member = { '@odata.type': memberTypes[draw(2)] ?? null, id: `u${draw(users)}` };
        return draw(15) === 0 && groups <= 1_000 ? { ...member, '@removed': { reason: 'deleted' } } : member;
      });
      const said: JsonObject = draw(3) === 0 ? {} : { displayName: draw(9) === 0 ? null : `Name ${draw(4)}` };
      const broken: JsonObject = draw(7) === 0 && groups <= 1_000 ? { description: nested(40) } : {};
      return { id, ...said, ...broken, 'members@delta': members };
    });
    const known = made[0]?.[0]?.['id'];
    if (replays !== undefined && page % 4 === 3 && known !== undefined) objects.push({ id: known, displayName: `Name ${draw(4)}` });
    made.push(objects);
  }
  return made;
}

const nested = (depth: number): Json => (depth === 0 ? 1 : { in: nested(depth - 1) });

/** Answers the pages in turn; a link is the number of a page. */
function sourceOf(pages: readonly Page[]): Source {
  return {
    link: () => '0',
    async page(link): Promise<SourcePage> {
      const at = Number(link);
      // Some answers come at once, some after what is under way.
      if (at % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      const last = at >= pages.length - 1;
      const objects = pages[at] ?? [];
      return { objects, next: last ? null : String(at + 1), cursor: last ? 'end' : null, requests: 1, bytes: 1, throttledMs: 0 };
    },
    gone: ({ ids }) => Promise.resolve({ gone: new Set(ids), requests: 0 }),
    hasMembers: ({ pairs }) => Promise.resolve({ present: pairs.map((_, index) => index % 2 === 0), requests: 0 }),
    holds: () => Promise.resolve(true),
  };
}

function specOf(name: string): ConnectionSpec {
  const id = '11111111-1111-4111-8111-111111111111';
  const input = connectionInput.parse({
    name,
    connector: 'entra-identity',
    credentials: { tenantId: id, clientId: id, clientSecret: 'env:TIDEMARK_SECRET_TEST' },
    guard: { absolute: 1_000_000, percent: 100, minimum: 1_000_000, dailyPercent: 100 },
    rejects: { absolute: 1_000, percent: 100 },
    profiles: [{ name: 'default', streams: ['groups'] }],
  });
  const { spec, faults } = completeSpec(input, { now: new Date(), previous: null, maps: {}, ca: null });
  if (spec === null) throw new Error(JSON.stringify(faults));
  return spec;
}

interface Pulled {
  readonly report: RunReport;
  /** SQL of each statement. */
  readonly statements: readonly string[];
}

/** A full pull of these pages. `sliceMs` 0: each page in a slice of its own, which knows nothing of the one before. */
async function pull(spec: ConnectionSpec, pages: readonly Page[], sliceMs: number): Promise<Pulled> {
  const statements: string[] = [];
  const counted: Database = {
    ...database,
    batch: (batch) => {
      statements.push(...batch.map(({ sql }) => sql));
      return database.batch(batch);
    },
  };
  const { name } = spec;
  const opened = await openRun(database, {
    requestId: randomUUID(),
    connection: name,
    profile: 'default',
    trigger: 'manual',
    scheduledAt: null,
    highestRunSeen: 0,
    revision: 1,
    spec: JSON.parse(JSON.stringify(spec)) as JsonObject,
    streams: streamPins(spec, 'default', null),
  });
  const { run } = opened;
  const streams = [{ stream: 'groups', mode: 'full', reason: 'first run' }] as const;
  await planRun(database, { run, connection: name, plan: { mode: 'full', reason: 'first run', baselineOverdue: false, streams } });
  const targets = streamTargets(spec, 'default', opened.streams);
  const [target] = targets;
  if (target === undefined) throw new Error('The connection has no stream.');
  const source = sourceOf(pages);
  const { signal } = new AbortController();
  const timings = { ...shippedTimings, sliceMs };
  const slice = { run, target, rejects: spec.rejects, timings, signal, alive: () => undefined, retryDelayMs: 0 };
  let end = await walkStream({ database: counted, source, registries: null }, slice);
  while (end.kind === 'more') end = await walkStream({ database: counted, source, registries: null }, slice);
  expect(end).toEqual({ kind: 'done' });
  const options = { signal, longestWaitMs: 0 };
  await settleRun({ database, source }, { run, connection: name, guard: spec.guard, targets, options, maxWaitMs: 0, lastTry: true });
  return { report: await finishRun(database, { run, verdict: 'complete', error: null }), statements };
}

/** All that is stored of a connection, but numbers and times. */
async function stored(connection: string): Promise<unknown> {
  const ask = (sql: string): Promise<unknown> => database.query(sql, [connection]);
  return {
    records: await ask(
      `select r.id, r.body, r.hash, r.tombstoned_at is not null as gone, a.class, a.document, a.hash as asset, a.stale_since is not null as stale
       from record r left join asset a on a.num = r.num where r.connection = $1 order by r.id`,
    ),
    edges: await ask('select kind, from_id, to_id, key, properties from edge where connection = $1 order by 1, 2, 3, 4'),
    tally: await ask('select stream, kind, live from tally where connection = $1 and live > 0 order by 1, 2'),
    rejected: await ask('select id, code, reason from rejected where connection = $1 order by run, id'),
  };
}

const counts = ({ streams: [stream] }: RunReport): Partial<StreamReport> | undefined => {
  if (stream === undefined) return undefined;
  const { read, added, updated, unchanged, removedBySource, swept, rejected, pages, outcome } = stream;
  return { read, added, updated, unchanged, removedBySource, swept, rejected, pages, outcome };
};

const few = { groups: 12, users: 10, pages: 20 };
const many = { groups: 100_000, users: 1_000, pages: 12 };
const seeds = [1, 2];
const scripts: readonly Script[] = seeds.flatMap((seed) => [
  { name: 'the same groups again and again', seed, ...few, split: false },
  { name: 'the same groups again and again, each page going on with the last group', seed, ...few, split: true },
  { name: 'the same groups again and again, without members', seed, groups: 6, users: 0, pages: 30, split: false },
  { name: 'new groups', seed, ...many, split: false },
  { name: 'new groups, each page going on with the last group', seed, ...many, split: true },
  { name: 'new groups, and now and then one that is known', seed, ...many, split: false, replays: 'once' },
  { name: 'new groups, and now and then one that is known and goes on', seed, ...many, split: false, replays: 'goes on' },
]);

test.each(scripts)('$name: pages ahead of their commits leave what pages one at a time leave (seed $seed)', async (script) => {
  const [ahead, apart] = [specOf(`ahead-${randomUUID()}`), specOf(`apart-${randomUUID()}`)];
  for (const spec of [ahead, apart]) {
    await putConnection(database, { name: spec.name, spec: JSON.parse(JSON.stringify(spec)) as JsonObject, specHash: 'hash' });
  }
  // The second time much is known, and some of it gone.
  for (const round of [0, 1]) {
    const pages = pagesOf(script, round);
    const [one, other] = [await pull(ahead, pages, shippedTimings.sliceMs), await pull(apart, pages, 0)];
    expect(counts(one.report)).toEqual(counts(other.report));
    expect(await stored(ahead.name)).toEqual(await stored(apart.name));
  }
  await expectTally(database);
});

test('after two pages of nothing but new, the next ones are inserted without a look; where one was known after all, nothing is lost', async () => {
  const looks = async (script: Script): Promise<{ readonly records: number; readonly edges: number; readonly pages: number }> => {
    const spec = specOf(`looks-${randomUUID()}`);
    await putConnection(database, { name: spec.name, spec: JSON.parse(JSON.stringify(spec)) as JsonObject, specHash: 'hash' });
    const { statements, report } = await pull(spec, pagesOf(script, 0), shippedTimings.sliceMs);
    const count = (what: RegExp): number => statements.filter((sql) => what.test(sql)).length;
    return {
      records: count(/left join lateral \(select \* from record/),
      edges: count(/from edge\s+where/),
      pages: report.streams[0]?.pages ?? 0,
    };
  };
  expect(await looks({ name: '', seed: 1, ...many, split: false })).toEqual({ records: 2, edges: 2, pages: 12 });
  // A group that goes on is no new record, but its relations are; a made-up member that comes twice costs a look.
  expect((await looks({ name: '', seed: 1, ...many, split: true })).edges).toBeLessThan(6);
  // Each of the three known ones costs a look of its own page, of the one prepared behind it, and of two until all is new again.
  const replayed = await looks({ name: '', seed: 1, ...many, split: false, replays: 'once' });
  expect(replayed.pages).toBe(12);
  expect(replayed.records).toBeGreaterThan(2);
});
