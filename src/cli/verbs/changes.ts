// tidemark changes [QUERY]: what runs changed, a line for each document and run, told from runs that have ended.
import { leavesOf } from '../../mappings/change.ts';
import type { AssetClass, Json, PathChange } from '../../model.ts';
import { type ChangedDocument, changedDocuments, type ChangeSearch, runsUnderWay } from '../../store/change.ts';
import { listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { changeHorizon } from '../../store/retention.ts';
import type { Context } from '../context.ts';
import { differenceText } from '../difference.ts';
import { type Documents, documentsOf } from '../documents.ts';
import type { Column, Output } from '../output.ts';
import { runName } from '../runName.ts';
import { checkSearch, noteUnlessPresent, searchOf } from '../search.ts';
import { readSince, type Since } from '../since.ts';
import { timeIn } from '../words.ts';

export interface ChangesOptions {
  readonly since?: string;
  readonly connection?: string;
  readonly class?: string;
  readonly limit: number;
}

export async function changes(context: Context, query: string | undefined, options: ChangesOptions): Promise<void> {
  checkSearch(query, options);
  const database = await context.database();
  const horizon = await changeHorizon(database);
  const since = readSince(options.since, new Date(horizon.now));
  const connections = await listConnections(database);
  const documents = documentsOf(connections);
  const { where } = searchOf(query, options, documents);
  noteUnlessPresent(context.output, connections, options.connection);
  if (options.since !== undefined && horizon.run > 0 && (since.since === null ? since.afterRun < horizon.run : since.since < horizon.at)) {
    context.output.note(`What runs up to number ${horizon.run} changed is not kept any more (TIDEMARK_CHANGES_RETENTION).`);
  }
  const search = {
    ...since,
    connection: options.connection ?? null,
    where: where.sql,
    params: where.params,
    relations: documents.relations,
  };
  const told: Told = { run: since.afterRun };
  await context.output.rows(lines(database, documents, search, told), { columns, limit: options.limit, none: 'Nothing has changed.' });
  await noteRunsUnderWay(database, context.output, { after: since, told, connection: search.connection });
}

/** A document that a run changed. */
interface Line {
  readonly run: string;
  readonly at: string;
  readonly connection: string;
  readonly stream: string;
  readonly class: AssetClass;
  readonly id: string;
  readonly change: ChangedDocument['change'];
  readonly paths: readonly PathChange[];
  /** How many further paths were not kept; the key is there only then. */
  readonly more?: number;
  /** Whether its connection leaves the document out now; the key is there only then. */
  readonly excluded?: true;
}

interface Told {
  /** The last run of which something was told. */
  run: number;
}

async function* lines(database: Database, documents: Documents, search: ChangeSearch, told: Told): AsyncGenerator<Line> {
  for await (const changed of changedDocuments(database, search)) {
    const { run, at, connection, stream, class: ofClass, id, change, more, excluded } = changed;
    const lost = elementsIn(documents, changed, changed.lost).map(({ path, value }) => ({ path, before: value, after: null }));
    const gained = elementsIn(documents, changed, changed.gained).map(({ path, value }) => ({ path, before: null, after: value }));
    const paths = [...changed.paths, ...lost, ...gained];
    // Written anew by another map, and the same: or changed where no map in use looks.
    if (change === 'changed' && paths.length === 0 && more === 0) continue;
    told.run = run;
    yield {
      run: runName(connection, run),
      at,
      connection,
      stream,
      class: ofClass,
      id,
      change,
      paths,
      ...(more > 0 ? { more } : {}),
      ...(excluded ? { excluded: true } : {}),
    };
  }
}

/** The elements as they stand in the lists of the document. */
function elementsIn(documents: Documents, changed: ChangedDocument, relations: ChangedDocument['gained']): { path: string; value: Json }[] {
  return [...leavesOf(documents.related(changed, relations))].flatMap(([path, value]) =>
    Array.isArray(value) ? value.map((element) => ({ path: `${path}[]`, value: element })) : [{ path, value }],
  );
}

/** Runs of several connections end in another order than they began: who asks for those after the last one told would miss the ones that end later. */
async function noteRunsUnderWay(
  database: Database,
  output: Output,
  { after, told, connection }: { readonly after: Since; readonly told: Told; readonly connection: string | null },
): Promise<void> {
  const [first] = await runsUnderWay(database, { after: after.afterRun, before: told.run, connection });
  if (first === undefined) return;
  output.note(
    `${runName(first.connection, first.run)} is under way: its changes are told when it has ended, with --since ${first.run - 1}.`,
  );
}

const columns: readonly Column<Line>[] = [
  { title: 'run', value: ({ run }) => run },
  { title: 'at', value: ({ at }) => timeIn('UTC', at) },
  { title: 'class', value: (line) => line.class },
  { title: 'id', value: ({ id }) => id },
  { title: 'change', value: ({ change, excluded }) => (excluded === true ? `${change}, excluded` : change) },
  { title: 'paths', value: textOf },
];

const shownPaths = 3;

function textOf({ paths, more = 0 }: Line): string {
  const shown = paths
    .slice(0, shownPaths)
    .map(({ path, before, after }) => differenceText({ path, from: before ?? undefined, to: after ?? undefined }));
  const left = paths.length - shown.length + more;
  return [...shown, ...(left > 0 ? [`and ${left} more`] : [])].join('; ');
}
