// Searches over a large inventory, each as the verb `assets` goes about it and many times: how long the slowest twentieth takes.
import { performance } from 'node:perf_hooks';
import { documentsOf } from '../src/cli/documents.ts';
import { compileSearch } from '../src/query/search.ts';
import { searchAssets } from '../src/store/asset.ts';
import { type Database, openDatabase } from '../src/store/database.ts';
import { migrate } from '../src/store/schema.ts';
import { freshDatabaseUrl } from '../test/support/databases.ts';
import { fillInventory, groupName, idOf, nameOf, principalOf, sizesOf } from './support/inventory.ts';
import { startMeasuredPostgres } from './support/postgres.ts';
import { quantile } from './support/statistics.ts';

/** What a search of indexed fields may take at the 95th percentile. */
export const searchBudgetMs = 200;
const limit = 100;
const timesIndexed = 60;
const timesUnindexed = 1;

export interface SearchFigures {
  readonly query: string;
  readonly indexed: boolean;
  /** Of the last time, at most the limit. */
  readonly found: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** Queries by the number of a user that is there. The last ones have no way by index. */
const queries: readonly ((n: number, groups: number) => string)[] = [
  (n) => `name:${nameOf(n)}`,
  (n) => `name:${nameOf(n).slice(0, 8)}*`,
  (n) => `name:${nameOf(n).slice(0, 3)}*`,
  (n) => `name:[${nameOf(n)}, ${nameOf(n + 1)}, ${nameOf(n + 2)}]`,
  (n) => `externalAssetId:${principalOf(n).toUpperCase()}`,
  (n) => `email:${principalOf(n + 1)}`,
  (n) => `displayName:${nameOf(n)} and class:user`,
  (n) => `id:${idOf('users', n)}`,
  () => 'class:role',
  () => 'class:user and status:INACTIVE',
  () => 'status:UNKNOWN',
  () => 'lastChanged:>now-1h',
  () => 'lastChanged:>now-60d and class:user',
  (n, groups) => `assetRelations.assetDetail.groupAssetClass.displayName:"${groupName(n % groups)}"`,
  (n, groups) => `assetRelations.assetHeader.externalAssetId:${idOf('groups', n % groups)}`,
  (n) => `name:${nameOf(n)}x or email:${principalOf(n)}x`,
  () => 'jobTitle:nurse',
  () => 'jobTitle:nobody',
  () => 'name:*nobody',
  () => 'nobody',
];

export async function measureSearches(assets: number, note: (line: string) => void): Promise<SearchFigures[]> {
  const postgres = await startMeasuredPostgres();
  const database = openDatabase({ url: await freshDatabaseUrl(postgres.url), applicationName: 'tidemark-bench', maxConnections: 2 });
  try {
    await migrate(database);
    await fillInventory(database, assets, note);
    const { users, groups } = sizesOf(assets);
    const figures: SearchFigures[] = [];
    for (const query of queries) {
      figures.push(await measured(database, (time) => query((time * 7_919 + 3) % (10 * users), 10 * groups)));
      const last = figures.at(-1);
      note(`${last?.query ?? ''}: ${Math.round(last?.p50Ms ?? 0)} ms, p95 ${Math.round(last?.p95Ms ?? 0)} ms`);
    }
    return figures;
  } finally {
    await database.close();
    await postgres.stop();
  }
}

async function measured(database: Database, query: (time: number) => string): Promise<SearchFigures> {
  const indexed = compileSearch(query(0)).unindexed.length === 0;
  const times = indexed ? timesIndexed : timesUnindexed;
  const tookMs: number[] = [];
  let found = 0;
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    found = await count(database, query(time));
    tookMs.push(performance.now() - startedAt);
  }
  return { query: query(0), indexed, found, p50Ms: quantile(tookMs, 0.5), p95Ms: quantile(tookMs, 0.95), maxMs: Math.max(...tookMs) };
}

async function count(database: Database, query: string): Promise<number> {
  const documents = documentsOf([]);
  const { where, places, ways } = compileSearch(query);
  const search = {
    where: where.sql,
    params: where.params,
    places,
    ways,
    limit: limit + 1,
    scope: 'live',
    relations: documents.relations,
  } as const;
  let found = 0;
  for await (const asset of searchAssets(database, search)) {
    documents.document(asset);
    found += 1;
  }
  return Math.min(found, limit);
}
