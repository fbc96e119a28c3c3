// tidemark findings [QUERY]: searches what was found on assets and prints whole documents, one row at a time however many there are.
import type { FindingStatus, JsonObject } from '../../model.ts';
import { searchAssets } from '../../store/asset.ts';
import type { AssetSearch, FoundFinding } from '../../store/asset.ts';
import { listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { packageVersion } from '../../stack/version.ts';
import type { Context } from '../context.ts';
import { documentsOf, type Documents } from '../documents.ts';
import { findingName } from '../findingDocument.ts';
import type { Column, ExchangeFormat, Rendering } from '../output.ts';
import { checkSearch, noteUnlessPresent, searchOf } from '../search.ts';
import { timeIn } from '../words.ts';

export interface FindingsOptions {
  readonly connection?: string;
  readonly class?: string;
  /** Without it open ones, or those that the query names. */
  readonly status?: FindingStatus;
  readonly limit: number;
  /** In the place of the format of the output. */
  readonly as?: ExchangeFormat;
}

const renderings: Readonly<Record<ExchangeFormat, () => Promise<Rendering<Result>>>> = {
  sarif: async () => (await import('../sarif.ts')).sarif(packageVersion()),
  ocsf: async () => (await import('../ocsf.ts')).ocsf(packageVersion()),
};

export async function findings(context: Context, query: string | undefined, options: FindingsOptions): Promise<void> {
  checkSearch(query, options, 'findings');
  const database = await context.database();
  const connections = await listConnections(database);
  const documents = documentsOf(connections);
  const { where, places, ways, unindexed } = searchOf(query, options, documents, 'findings');
  noteUnlessPresent(context.output, connections, options.connection);
  if (unindexed.length > 0) context.output.note(`${unindexed.join('. ')}: findings are read one by one.`);
  const status = options.status ?? (where.columns.has('status') ? null : 'open');
  const only = status === null ? '' : ` and f.status = '${status}'`;
  const search = { where: `(${where.sql})${only}`, params: where.params, places, ways, limit: options.limit + 1 };
  const as = options.as === undefined ? undefined : await renderings[options.as]();
  await context.output.rows(results(database, documents, search), { columns, limit: options.limit, none: 'Nothing matches.', as });
}

type Search = Pick<AssetSearch, 'where' | 'params' | 'places' | 'ways' | 'limit'>;

async function* results(database: Database, documents: Documents, search: Search): AsyncGenerator<Result> {
  for await (const found of searchAssets(database, { ...search, scope: 'live', findings: true, relations: documents.relations })) {
    const { finding, connection, stream, class: of, lastChanged } = found;
    if (finding === null) continue;
    const { key: id, ...told } = finding;
    yield { connection, stream, class: of, id, ...told, lastChanged, document: documents.document(found) };
  }
}

/** A search result (contract.md). */
export type Result = Omit<FoundFinding, 'key'> & {
  readonly connection: string;
  readonly stream: string;
  readonly class: string;
  readonly id: string;
  readonly lastChanged: string;
  readonly document: JsonObject;
};

const columns: readonly Column<Result>[] = [
  { title: 'connection', value: ({ connection }) => connection },
  { title: 'class', value: (row) => row.class },
  { title: 'severity', value: ({ severity }) => severity, align: 'right' },
  { title: 'qds', value: ({ qds }) => qds, align: 'right' },
  { title: 'status', value: ({ status }) => status },
  { title: 'name', value: ({ document }) => findingName(document) },
  { title: 'asset', value: ({ asset }) => asset.id },
  { title: 'first seen', value: ({ firstSeen }) => timeIn('UTC', firstSeen) },
  { title: 'id', value: ({ id }) => id },
];
