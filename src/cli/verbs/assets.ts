// tidemark assets [QUERY]: searches the inventory and prints whole documents, one row at a time however many there are.
import { isObject } from '../../mappings/read.ts';
import type { Json, JsonObject } from '../../model.ts';
import { type AssetScope, type AssetSearch, type FoundAsset, searchAssets } from '../../store/asset.ts';
import { type Connection, listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import type { Context } from '../context.ts';
import { documentsOf, type Documents } from '../documents.ts';
import { identitiesOf, type NamedAsset, nameOf, rulesInForce } from '../identities.ts';
import type { Column } from '../output.ts';
import { checkSearch, noteUnlessPresent, searchOf } from '../search.ts';
import { timeIn } from '../words.ts';

export interface AssetsOptions {
  readonly connection?: string;
  readonly class?: string;
  /** Without it live ones, or those that the query names. */
  readonly state?: AssetScope;
  readonly limit: number;
}

export async function assets(context: Context, query: string | undefined, options: AssetsOptions): Promise<void> {
  checkSearch(query, options);
  const database = await context.database();
  const connections = await listConnections(database);
  const documents = documentsOf(connections);
  const { where, places, ways, unindexed } = searchOf(query, options, documents);
  noteUnlessPresent(context.output, connections, options.connection);
  const scopes: AssetScope[] =
    options.state === undefined ? (where.columns.has('state') ? ['live', 'tombstoned'] : ['live']) : [options.state];
  if (unindexed.length > 0) context.output.note(`${unindexed.join('. ')}: assets are read one by one.`);
  const search = { where: where.sql, params: where.params, places, ways, limit: options.limit + 1 };
  const one = await oneWith(context, database, connections);
  await context.output.rows(results(database, documents, scopes, search, one), {
    columns,
    limit: options.limit,
    none: 'Nothing matches.',
  });
}

type Search = Omit<AssetSearch, 'scope' | 'relations' | 'counts'>;

async function* results(
  database: Database,
  documents: Documents,
  scopes: readonly AssetScope[],
  search: Search,
  one: OneWith,
): AsyncGenerator<Result> {
  for (const scope of scopes) {
    const found = searchAssets(database, { ...search, scope, relations: documents.relations, counts: documents.counts });
    for await (const batch of inBatches(found)) {
      const others = scope === 'live' ? await one(batch) : [];
      for (const [place, asset] of batch.entries()) {
        const { relations: _relations, counts: _counts, event: _event, recordName: _name, finding: _finding, ...shown } = asset;
        const { [place]: identity = [] } = others;
        yield { ...shown, document: documents.document(asset), ...(identity.length === 0 ? {} : { identity }) };
      }
    }
  }
}

/** For each of these assets, in their order, those of other connections that are one with it. */
type OneWith = (assets: readonly FoundAsset[]) => Promise<readonly (readonly NamedAsset[])[]>;

async function oneWith({ output }: Context, database: Database, connections: readonly Connection[]): Promise<OneWith> {
  const rules = await rulesInForce(database, connections);
  let told = false;
  return async (found) => {
    const identities = await identitiesOf(database, found, rules);
    if (identities.note !== null && !told) output.note(identities.note);
    told ||= identities.note !== null;
    return found.map((asset) =>
      identities
        .of(asset)
        .filter((name) => name !== nameOf(asset))
        .map(identities.asset),
    );
  };
}

const batchSize = 500;

async function* inBatches<T>(values: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const value of values) {
    batch.push(value);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A search result (contract.md). */
interface Result extends Omit<FoundAsset, 'relations' | 'counts' | 'event' | 'recordName' | 'finding'> {
  /** The assets of other connections that are one with it; the key is there only then. */
  readonly identity?: readonly NamedAsset[];
}

const columns: readonly Column<Result>[] = [
  { title: 'connection', value: ({ connection }) => connection },
  { title: 'class', value: (row) => row.class },
  { title: 'id', value: ({ id }) => id },
  { title: 'name', value: ({ document }) => assetName(document) },
  { title: 'state', value: stateOf },
  { title: 'last changed', value: ({ lastChanged }) => timeIn('UTC', lastChanged) },
];

function stateOf({ state, pendingRemoval, stale, excluded }: Result): string {
  return [
    state,
    ...(excluded === true ? ['excluded'] : []),
    ...(stale === true ? ['stale'] : []),
    ...(pendingRemoval === true ? ['removal pending'] : []),
  ].join(', ');
}

const namePaths = [['asset', 'assetDetail', 'name'], ['userData', 'userDetails', 'displayName'], ['displayName']] as const;

/** Where a map gives one. */
export function assetName(document: JsonObject): string | null {
  for (const path of namePaths) {
    let value: Json | undefined = document;
    for (const step of path) value = isObject(value) ? value[step] : undefined;
    if (typeof value === 'string') return value;
  }
  return null;
}
