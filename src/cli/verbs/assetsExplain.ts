// tidemark assets explain ID: one asset, its criticality and its score with what they are made of, its open findings by severity, and what is one with it.
import { readSpec } from '../../connectors/spec.ts';
import { TidemarkError } from '../../errors.ts';
import { criticalityOf, scoreAsset } from '../../mappings/scoring/asset.ts';
import type { Explained } from '../../mappings/scoring/explained.ts';
import type { AssetClass } from '../../model.ts';
import { scoringConfig } from '../../pull/score.ts';
import { compileSearch } from '../../query/search.ts';
import { type FoundAsset, searchAssets } from '../../store/asset.ts';
import { type Connection, listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { openFindings } from '../../store/findingDetail.ts';
import { listTags } from '../../store/tag.ts';
import type { Context } from '../context.ts';
import { documentsOf, type Documents } from '../documents.ts';
import { identityOf, identityText, type IdentityView } from '../identityView.ts';
import type { Column, Output } from '../output.ts';
import { indented, labelled, partColumns } from '../scoreText.ts';
import { searchOf } from '../search.ts';
import { timeIn } from '../words.ts';
import { assetName } from './assets.ts';

type Tagged = { readonly name: string; readonly criticality: number | null };

interface View extends Pick<FoundAsset, 'connection' | 'stream' | 'class' | 'id' | 'state' | 'firstSeen' | 'lastChanged'> {
  readonly name: string | null;
  /** Those whose query its document meets. */
  readonly tags: readonly Tagged[];
  readonly criticality: Explained;
  readonly score: Explained;
  /** Open ones, by severity. */
  readonly findings: Readonly<Record<string, number>>;
  readonly identity: IdentityView;
}

export async function assetsExplain(context: Context, id: string, { connection }: { readonly connection?: string }): Promise<void> {
  const database = await context.database();
  const connections = await listConnections(database);
  const documents = documentsOf(connections);
  const found = await assetNamed(database, documents, { id, connection });
  const owner = connections.find(({ name }) => name === found.connection);
  const config = scoringConfig(settingsOf(owner));
  const tags = await tagsOf(database, documents, found);
  const criticality = criticalityOf({ class: found.class, tags }, config);
  const open = await openFindings(database, { ...found, ids: told(found) });
  const { 5: critical = 0, 4: high = 0, 3: medium = 0, 2: low = 0 } = open.bySeverity;
  const { stream, class: of, state, firstSeen, lastChanged } = found;
  const view: View = {
    connection: found.connection,
    stream,
    class: of,
    id: found.id,
    state,
    name: assetName(documents.document(found)),
    firstSeen,
    lastChanged,
    tags,
    criticality,
    score: scoreAsset(criticality, { highestQds: open.highestQds, bySeverity: { critical, high, medium, low } }, config),
    findings: open.bySeverity,
    identity: await identityOf(database, found, connections),
  };
  await context.output.one(view, { text: () => textOf(view, context.output), rows: [view], columns });
}

/** @throws CONFIG_INVALID when there is none, or several connections have one. */
async function assetNamed(
  database: Database,
  documents: Documents,
  { id, connection }: { readonly id: string; readonly connection: string | undefined },
): Promise<FoundAsset> {
  const within = connection === undefined ? {} : { connection };
  const { where, places, ways } = searchOf(`id:${quoted(id)}`, within, documents);
  const found: FoundAsset[] = [];
  for (const scope of ['live', 'excluded', 'tombstoned'] as const) {
    const search = { where: where.sql, params: where.params, places, ways, scope, limit: 10, relations: documents.relations };
    for await (const asset of searchAssets(database, search)) if (asset.id === id) found.push(asset);
    // What lives comes before what is gone.
    if (found.length > 0) break;
  }
  const [one] = found;
  if (one === undefined) {
    throw new TidemarkError(
      'CONFIG_INVALID',
      `There is no asset ${id}${connection === undefined ? '' : ` of connection "${connection}"`}.`,
      {
        hint: '"tidemark assets" shows ids, as they are to be written.',
      },
    );
  }
  if (found.length > 1) {
    throw new TidemarkError(
      'CONFIG_INVALID',
      `Several connections have this asset: ${found.map((asset) => asset.connection).join(', ')}.`,
      {
        hint: 'Say which one with --connection.',
      },
    );
  }
  return one;
}

/** As one value of a query, whatever stands in it. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

const settingsOf = (owner: Connection | undefined): Readonly<Record<string, unknown>> =>
  owner === undefined ? {} : readSpec(owner.spec).settings;

/** The assets that findings of it name: of a container also its group (decision 50). */
const told = ({ class: of, id }: { readonly class: AssetClass; readonly id: string }): string[] =>
  of === 'container-instance' ? [id, id.replace(/\/containers\/[^/]+$/, '')] : [id];

/** The tags whose queries its document meets. */
async function tagsOf(database: Database, documents: Documents, { connection, stream, id, class: of }: FoundAsset): Promise<Tagged[]> {
  const met: Tagged[] = [];
  for (const { name, criticality, query } of await listTags(database)) {
    const { where } = compileSearch(query, { within: { connection, class: of }, maps: documents.maps });
    const search = {
      where: where.sql,
      params: where.params,
      places: { sql: `r.connection = $1 and r.stream = $2`, params: [connection, stream] },
      ways: [{ sql: 'select num from record where connection = $1 and stream = $2 and id = $3', params: [connection, stream, id] }],
    };
    for await (const _ of searchAssets(database, { ...search, scope: 'live', limit: null, relations: {} })) met.push({ name, criticality });
  }
  return met;
}

const columns: readonly Column<View>[] = [
  { title: 'connection', value: ({ connection }) => connection },
  { title: 'class', value: (row) => row.class },
  { title: 'id', value: ({ id }) => id },
  { title: 'criticality', value: ({ criticality }) => criticality.value, align: 'right' },
  { title: 'score', value: ({ score }) => score.value, align: 'right' },
];

async function textOf(view: View, output: Output): Promise<string> {
  const { criticality, score, findings, tags } = view;
  const bySeverity = [5, 4, 3, 2, 1].map((one) => `${findings[one] ?? 0} of severity ${one}`).join(', ');
  return [
    view.name ?? view.id,
    labelled([
      ['id', view.id],
      ['connection', view.connection],
      ['class', view.class],
      ['state', view.state],
      ['first seen', timeIn('UTC', view.firstSeen)],
      ['last changed', timeIn('UTC', view.lastChanged)],
      ['tags', tags.length === 0 ? 'none' : tags.map(({ name }) => name).join(', ')],
      ['criticality', `${criticality.value}, by ${criticality.parts[0]?.source ?? 'nothing'}`],
      ['open findings', bySeverity],
    ]),
    `score ${score.value} of 1,000:`,
    indented(await output.table(score.parts, partColumns)),
    await identityText(view.identity, output),
  ].join('\n');
}
