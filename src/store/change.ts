// What ended runs changed, document by document: added, changed with its paths and relations, removed. A run's changes stand when it has ended.
// MUST stay flat in memory and hold no transaction between batches: a run is gone through by its documents' ids.
import type { AssetClass, DocumentChange, JsonObject, PathChange } from '../model.ts';
import { type AssetSearch, decidedClass } from './asset.ts';
import type { Database, Parameter } from './database.ts';
import { eventPath } from './event.ts';
import { bigints, byNum, escaped, numKey } from './params.ts';
import { elementsOf } from './relations.ts';
import { notedAtOnce, notedDocuments, type NotedDocument, type NotedPlace } from './runNotes.ts';

/** `where`: what the document must meet as it is now. */
export interface ChangeSearch extends Pick<AssetSearch, 'where' | 'params' | 'relations'> {
  /** Runs after this one; of all that is kept from 0. */
  readonly afterRun: number;
  /** Runs that ended then or later; ISO-8601. null: whenever. */
  readonly since: string | null;
  /** null: of all connections. */
  readonly connection: string | null;
}

type Elements = Readonly<Record<string, readonly JsonObject[]>>;

export interface ChangedDocument {
  readonly run: number;
  /** The run's end. */
  readonly at: string;
  readonly connection: string;
  readonly stream: string;
  readonly class: AssetClass;
  readonly id: string;
  readonly change: 'added' | 'changed' | 'removed';
  /** Whether its connection's tags leave it out now. */
  readonly excluded: boolean;
  /** Of what the record alone says, and its event. */
  readonly paths: readonly PathChange[];
  readonly more: number;
  /** The elements of each relation that the run added to it and took from it. What came with it or went with it is not told again. */
  readonly gained: Elements;
  readonly lost: Elements;
}

interface ChangedRun extends Omit<NotedPlace, 'stream' | 'sources' | 'decided'> {
  readonly finishedAt: string;
}

/** Documents of one stream that a run may have changed. */
interface Place extends NotedPlace {
  readonly finishedAt: string;
}

/** In order of run, stream and id, one at a time. */
export async function* changedDocuments(database: Database, search: ChangeSearch): AsyncGenerator<ChangedDocument> {
  for (let after = search.afterRun; ;) {
    const runs: ChangedRun[] = await nextRuns(database, search, after);
    for (const run of runs) {
      for (const place of await placesOf(database, search, run)) yield* ofStream(database, search, place);
      after = run.run;
    }
    if (runs.length < runsAtOnce) return;
  }
}

const runsAtOnce = 500;

function nextRuns(database: Database, { since, connection }: ChangeSearch, after: number): Promise<ChangedRun[]> {
  return database.query<ChangedRun>(
    `select run, connection, started_at as "startedAt", finished_at as "finishedAt" from run
     where run > greatest($1, (select run from change_horizon)) and verdict is not null and ($2::timestamptz is null or finished_at >= $2)
       and ($3::text is null or connection = $3) and exists (select from run_change c where c.run = run.run)
     order by run limit ${runsAtOnce}`,
    [after, since, connection],
  );
}

/** In order of stream. */
async function placesOf(database: Database, { relations }: ChangeSearch, run: ChangedRun): Promise<Place[]> {
  const noted = await database.query<{ stream: string; kind: string }>(
    `select distinct stream, kind from run_change where run = $1 and kind in ('asset', 'edge', 'event')`,
    [run.run],
  );
  const edges = new Set(noted.filter(({ kind }) => kind === 'edge').map(({ stream }) => stream));
  const places: Place[] = [];
  for (const { stream, class: of } of await documentStreams(
    database,
    run.connection,
    noted.map((row) => row.stream),
  )) {
    const read = Object.values(relations[of] ?? {}).flatMap((sources) => sources.filter((source) => edges.has(source.stream)));
    if (read.length === 0 && !noted.some((row) => row.kind !== 'edge' && row.stream === stream)) continue;
    // A stream's first pull adds all its documents: their edges need not be looked at one by one.
    places.push({ ...run, stream, sources: (await hasOlder(database, run, stream)) ? read : [], decided: of === decidedClass });
  }
  return places;
}

/** The streams of a connection that have documents, those known to it and these, in order, and the class of their documents. */
function documentStreams(
  database: Database,
  connection: string,
  streams: readonly string[],
): Promise<{ readonly stream: string; readonly class: AssetClass }[]> {
  return database.query(
    `select k.stream, a.class from (select stream from cursor where connection = $1 union select unnest($2::text[])) k cross join lateral (
       select a.class from record r cross join lateral (select class from asset where num = r.num offset 0) a
       where r.connection || ' ' || r.stream = $1 || ' ' || k.stream order by r.num limit 1
     ) a order by k.stream`,
    [connection, streams],
  );
}

async function hasOlder(database: Database, { connection, startedAt }: ChangedRun, stream: string): Promise<boolean> {
  const [row] = await database.query<{ older: boolean }>(
    `select first_seen < $2 as older from record where ${byNum} = $1 order by num limit 1`,
    [numKey(connection, stream), startedAt],
  );
  return row?.older === true;
}

const readAtOnce = 500;

async function* ofStream(database: Database, search: ChangeSearch, place: Place): AsyncGenerator<ChangedDocument> {
  for (let after = ''; ;) {
    const found: NotedDocument[] = await notedDocuments(database, place, after);
    for (let from = 0; from < found.length; from += readAtOnce)
      yield* documentsOf(database, search, place, found.slice(from, from + readAtOnce));
    const last = found.at(-1);
    if (last === undefined || found.length < notedAtOnce) return;
    after = last.id;
  }
}

interface DocumentRow extends DocumentChange {
  readonly at: number;
  readonly class: AssetClass;
  readonly excluded: boolean;
}

async function* documentsOf(
  database: Database,
  search: ChangeSearch,
  place: Place,
  found: readonly NotedDocument[],
): AsyncGenerator<ChangedDocument> {
  const rows = await readDocuments(database, search, place, found);
  const met = rows.flatMap(({ at, ...row }) => {
    const of = found[at - 1];
    return of === undefined ? [] : [{ row, of }];
  });
  const { run, finishedAt: at, connection, stream } = place;
  const owners = (lost: boolean) =>
    met.map(({ row, of }) => ({ class: row.class, edges: (of.edges ?? []).filter((edge) => edge.lost === lost) }));
  const gained = await elementsOf(database, owners(false), search.relations);
  const lost = await elementsOf(database, owners(true), search.relations);
  for (const [index, { row, of }] of met.entries()) {
    const { id, change } = of;
    const { paths, more } = change === 'changed' ? row : { paths: row.paths.filter(({ path }) => path === eventPath), more: 0 };
    const { class: ofClass, excluded } = row;
    const related = { gained: gained[index] ?? {}, lost: lost[index] ?? {} };
    yield { run, at, connection, stream, class: ofClass, id, change, excluded, paths, more, ...related };
  }
}

function readDocuments(
  database: Database,
  { where, params }: ChangeSearch,
  { run, connection, stream }: Place,
  found: readonly NotedDocument[],
) {
  const given: Parameter[] = params.map(escaped);
  const at = (offset: number): string => `$${given.length + offset}`;
  return database.query<DocumentRow>(
    `select n.at, a.class, a.excluded, coalesce(c.paths, '[]') as paths, coalesce(c.more, 0) as more
     from unnest(${at(1)}::bigint[]) with ordinality as n (num, at)
     cross join lateral (select * from record where ${byNum} = ${at(2)} and num = n.num offset 0) r
     cross join lateral (select * from asset where num = n.num offset 0) a
     left join lateral (select paths, more from asset_change where run = ${at(3)} and num = n.num offset 0) c on true
     where (${where}) order by n.at`,
    [...given, bigints(found.map(({ num }) => num)), numKey(connection, stream), run],
  );
}

/** The runs under way between the two: their changes are told once they have ended. */
export function runsUnderWay(
  database: Database,
  { after, before, connection }: { readonly after: number; readonly before: number; readonly connection: string | null },
): Promise<{ readonly run: number; readonly connection: string }[]> {
  return database.query(
    `select run, connection from run where run > $1 and run < $2 and verdict is null and ($3::text is null or connection = $3) order by run limit 10`,
    [after, before, connection],
  );
}
