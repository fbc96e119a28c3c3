// tidemark findings explain ID: one finding, every number with what it is made of, and every record of the source that tells it.
import { listsFrom } from '../../clients/lists/index.ts';
import { readSpec } from '../../connectors/spec.ts';
import { TidemarkError } from '../../errors.ts';
import type { Part } from '../../mappings/scoring/explained.ts';
import { type KnownLists, scoringOf } from '../../pull/score.ts';
import { type FoundAsset, type FoundFinding, searchAssets } from '../../store/asset.ts';
import { type Connection, listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { type FindingPlace, findingPlaces, type FindingSource, findingSources } from '../../store/findingDetail.ts';
import type { Context } from '../context.ts';
import { documentsOf } from '../documents.ts';
import { findingName } from '../findingDocument.ts';
import type { Column, Output } from '../output.ts';
import { indented, labelled, partColumns } from '../scoreText.ts';
import { timeIn } from '../words.ts';

/** More tell one flaw only where a source repeats itself. */
const sourcesShown = 1_000;

interface Explained extends Omit<FoundFinding, 'key'> {
  readonly id: string;
  readonly connection: string;
  readonly class: string;
  readonly name: string | null;
  readonly statusSince: string;
  readonly score: Score;
  /** The records of the source that tell it, the one that shows it marked. */
  readonly evidence: readonly FindingSource[];
}

/** As it is made now; null where no record tells the flaw any more, or its connection is gone. */
interface Score {
  readonly severity: number | null;
  readonly qds: number | null;
  readonly parts: readonly Part[];
  /** What the lists that this command reads say of its CVE; null where it has none. */
  readonly lists: Lists | null;
  /** Why it is not the stored one, or what else is to know; null for nothing. */
  readonly note: string | null;
}

interface Lists {
  readonly kev: string;
  readonly epss: string | number;
}

export async function findingsExplain(context: Context, id: string, { connection }: { readonly connection?: string }): Promise<void> {
  const database = await context.database();
  const place = await placeOf(database, id, connection);
  const connections = await listConnections(database);
  const documents = documentsOf(connections);
  const found = await foundAt(database, id, place);
  const { key, ...finding } = found.finding;
  const owner = connections.find(({ name }) => name === place.connection);
  const view: Explained = {
    id: key,
    connection: place.connection,
    class: found.class,
    name: findingName(documents.document(found)),
    ...finding,
    statusSince: place.statusSince,
    score: scoreOf(finding, place, owner, await listsFrom((await context.config()).lists)()),
    evidence: await findingSources(database, { ...place, key, limit: sourcesShown }),
  };
  await context.output.one(view, { text: () => textOf(view, context.output), rows: view.evidence, columns: sourceColumns });
}

/** @throws CONFIG_INVALID when there is none, or several connections have one. */
async function placeOf(database: Database, id: string, connection: string | undefined): Promise<FindingPlace> {
  const places = (await findingPlaces(database, id)).filter((place) => connection === undefined || place.connection === connection);
  const [place] = places;
  if (place === undefined) {
    throw new TidemarkError(
      'CONFIG_INVALID',
      `There is no finding ${id}${connection === undefined ? '' : ` of connection "${connection}"`}.`,
      {
        hint: '"tidemark findings --status fixed" and "tidemark findings" show ids; put them in single quotes.',
      },
    );
  }
  if (places.length > 1) {
    throw new TidemarkError('CONFIG_INVALID', `Several connections have this finding: ${places.map((one) => one.connection).join(', ')}.`, {
      hint: 'Say which one with --connection.',
    });
  }
  return place;
}

async function foundAt(
  database: Database,
  key: string,
  { connection, num }: FindingPlace,
): Promise<FoundAsset & { readonly finding: FoundFinding }> {
  const params = [num, key, connection];
  const ways = [{ sql: 'select $1::bigint as num', params: [num] }];
  const where = 'r.num = $1 and f.key = $2 and f.connection = $3';
  for await (const { finding, ...found } of searchAssets(database, {
    where,
    params,
    ways,
    scope: 'live',
    findings: true,
    limit: null,
    relations: {},
  })) {
    if (finding !== null) return { ...found, finding };
  }
  throw new TidemarkError('INTERNAL', 'The record that shows the finding has no document.');
}

function scoreOf(
  { severity, qds, cve }: Pick<FoundFinding, 'severity' | 'qds' | 'cve'>,
  { told }: FindingPlace,
  owner: Connection | undefined,
  lists: KnownLists,
): Score {
  const unknown = { severity: null, qds: null, parts: [], lists: null };
  if (told === null) return { ...unknown, note: 'No record tells it any more: its numbers are the last ones.' };
  if (owner === undefined) return { ...unknown, note: 'Its connection was deleted, and with it the settings that made its numbers.' };
  const { settings } = readSpec(owner.spec);
  const now = scoringOf(settings, lists).explain(told);
  const same = now.severity === severity && now.qds === qds;
  const note = `The worker made it by other settings or lists: its numbers are severity ${severity}, QDS ${qds}. The next run makes them anew.`;
  const { parts } = now;
  return { severity: now.severity, qds: now.qds, parts, lists: cve === null ? null : listsSay(cve, lists), note: same ? null : note };
}

/** What each list says of the CVE. */
const listsSay = (cve: string, { kev, epss }: KnownLists): Lists => ({
  kev: kev === null ? unread('TIDEMARK_KEV_FILE') : (kev.get(cve.toUpperCase()) ?? 'not in it'),
  epss: epss === null ? unread('TIDEMARK_EPSS_FILE') : (epss.get(cve.toUpperCase()) ?? 'not in it'),
});

const unread = (variable: string): string =>
  `not read: ${variable} is not set here; stored numbers are by the worker's list, where it has one`;

const sourceColumns: readonly Column<FindingSource>[] = [
  { title: 'stream', value: ({ stream }) => stream },
  { title: 'state', value: ({ state }) => state },
  { title: 'status', value: ({ status }) => status },
  { title: 'severity', value: ({ severity }) => severity, align: 'right' },
  { title: 'qds', value: ({ qds }) => qds, align: 'right' },
  { title: 'changed', value: ({ changedAt }) => timeIn('UTC', changedAt) },
  { title: 'shown', value: ({ shown }) => (shown ? 'yes' : '') },
  { title: 'record', value: ({ id }) => id },
];

async function textOf(view: Explained, output: Output): Promise<string> {
  const { score, evidence } = view;
  const lastSeen = view.lastSeen === null ? 'by every complete run since' : timeIn('UTC', view.lastSeen);
  const about = labelled([
    ['id', view.id],
    ['connection', view.connection],
    ['class', view.class],
    ['status', `${view.status} since ${timeIn('UTC', view.statusSince)}`],
    ['severity', view.severity],
    ['QDS', view.qds],
    ...(view.cve === null ? [] : [['CVE', view.cve] as const]),
    ['asset', `${view.asset.class} ${view.asset.id}`],
    ['first seen', timeIn('UTC', view.firstSeen)],
    ['last seen', lastSeen],
    ['came back', view.reopened === 0 ? 'never' : `${view.reopened} times`],
  ]);
  const made =
    score.parts.length === 0
      ? []
      : [`severity ${score.severity}, QDS ${score.qds}:`, indented(await output.table(score.parts, partColumns))];
  return [
    view.name ?? view.id,
    about,
    ...made,
    ...(score.lists === null
      ? []
      : [
          labelled([
            ['KEV list', score.lists.kev],
            ['EPSS list', score.lists.epss],
          ]),
        ]),
    ...(score.note === null ? [] : [score.note]),
    evidence.length === 0 ? 'No record tells it.' : `told by ${evidence.length} records:`,
    ...(evidence.length === 0 ? [] : [indented(await output.table(evidence, sourceColumns))]),
  ].join('\n');
}
