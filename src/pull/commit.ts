// Commits what a page says; a page PostgreSQL cannot hold is halved until the record is found and set aside (I11).
import type { SourcePage } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { JsonObject, Step } from '../model.ts';
import type { Database } from '../store/database.ts';
import { commitPage, hasUnseen } from '../store/page.ts';
import type { PageProgress, Reject } from '../store/page.ts';
import { noPageBefore, nothingNew, type Scope } from './known.ts';
import { preparePage } from './page.ts';
import type { PageWrites, Prepared, StreamTarget } from './page.ts';
import { type Phase, phaseOf } from './plan.ts';

/** Where a walk stands between two pages. */
export interface Position {
  readonly walk: number;
  readonly page: number;
  readonly steps: readonly Step[];
  readonly cursor: string | null;
  /** How many pages in a row had nothing that an earlier page of the walk had not. */
  readonly barren: number;
  /** Whether removals of the stream are staged or held. */
  readonly removals: boolean;
  /** Whether the last page was committed as it was prepared: then what was prepared after it holds. No checkpoint has this. */
  readonly asPrepared: boolean;
}

export interface CommitRequest {
  readonly database: Database;
  readonly run: number;
  readonly target: StreamTarget;
}

/** Where a page is read, and what it may take as known before the page before it is committed. */
export interface Ahead extends Omit<Scope, 'run'> {
  readonly steps: readonly Step[];
}

/** What a page writes. */
export async function prepareFetched(
  { database, run, target }: CommitRequest,
  { steps, ...scope }: Ahead,
  { objects, rejects = [] }: Pick<SourcePage, 'objects' | 'rejects'>,
): Promise<Prepared> {
  const phase = phaseAt(target, steps);
  const { writes, leaves } = await preparePage(database, target, { run, ...scope }, { phase, objects, rejects });
  failpoint('page.afterMap');
  return { writes: phase.stored ? unseen(writes) : writes, leaves };
}

/** Where a page is read that takes nothing as known: it looks up all. */
export const lookingAt = ({ walk, steps }: Pick<Position, 'walk' | 'steps'>): Ahead => ({
  walk,
  steps,
  asNew: nothingNew,
  before: noPageBefore,
});

/**
 * Commits one page and answers where the walk stands then. `workedMs`: worked time since the last commit. What was taken as new and is not, is looked
 * up after all.
 * @throws STALE_ATTEMPT, without effect, when another run or attempt has taken over.
 */
export function commitFetched(
  request: CommitRequest,
  from: Position,
  page: SourcePage,
  writes: PageWrites,
  { after, workedMs }: { readonly after: readonly Step[]; readonly workedMs: number },
): Promise<Position> {
  const { requests, bytes, throttledMs, cursor, objects, rejects = [] } = page;
  const progress = { requests, bytes, throttledMs, workedMs };
  return commitObjects(request, from, objects, { steps: after, cursor, progress, rejects }, writes);
}

/** What the source answered besides the objects, and where the walk stands after them. */
interface Outcome extends Required<Pick<SourcePage, 'cursor' | 'rejects'>> {
  readonly steps: readonly Step[];
  readonly progress: Omit<PageProgress, 'read' | 'fresh' | 'passedOver' | 'collection'>;
}

/** `prepared`: what the objects write, where it may have been prepared by less than what is stored now; null: it is still to be prepared. */
async function commitObjects(
  request: CommitRequest,
  from: Position,
  objects: readonly JsonObject[],
  to: Outcome,
  prepared: PageWrites | null,
): Promise<Position> {
  const writes = prepared ?? (await prepareFetched(request, lookingAt(from), { objects, rejects: to.rejects })).writes;
  try {
    return await commitWrites(request, from, writes, objects.length, to);
  } catch (error) {
    if (prepared !== null && (isTaken(error) || isPoison(error)))
      return { ...(await commitObjects(request, from, objects, to, null)), asPrepared: false };
    if (!isPoison(error)) throw error;
    const [object] = objects;
    if (object === undefined || objects.length === 1)
      return commitWrites(request, from, setAside(object, writes.seen.records, writes.rejects), objects.length, to);
    return commitHalves(request, from, objects, to);
  }
}

/** The first half leaves the same link to be read: were the worker killed between the halves, the page would be fetched again. */
async function commitHalves(request: CommitRequest, from: Position, objects: readonly JsonObject[], to: Outcome): Promise<Position> {
  const middle = Math.ceil(objects.length / 2);
  const half = await commitObjects(request, from, objects.slice(0, middle), { ...to, steps: from.steps, cursor: null }, null);
  const counted = { requests: 0, bytes: 0, throttledMs: 0, workedMs: 0 };
  return commitObjects(request, half, objects.slice(middle), { ...to, progress: counted, rejects: [] }, null);
}

async function commitWrites(request: CommitRequest, from: Position, writes: PageWrites, read: number, to: Outcome): Promise<Position> {
  const { stored, answersFor } = phaseAt(request.target, from.steps);
  const place = { run: request.run, stream: request.target.definition.name, walk: from.walk };
  // Stored records come in order of number, and so to an end. What is stored by this page was on none before; only a page that adds nothing has to be looked up.
  const { passedOver, ...committed } = writes;
  const fresh = stored || addsSomething(writes) || (await hasUnseen(request.database, { ...place, seen: writes.seen }));
  const collection = answersFor ? (from.steps.at(-1)?.phase ?? null) : null;
  failpoint('page.beforeCommit');
  await commitPage(request.database, {
    ...place,
    connection: request.target.connection,
    page: from.page,
    ...committed,
    include: request.target.include,
    removals: from.removals,
    steps: to.steps,
    ...(to.cursor === null ? {} : { cursor: to.cursor }),
    progress: { ...to.progress, read, fresh, passedOver, collection },
  });
  failpoint('page.afterCommit');
  const barren = fresh ? 0 : from.barren + 1;
  const stages = writes.removed.records.length + writes.removed.edges.length > 0;
  return {
    walk: from.walk,
    page: from.page + 1,
    removals: from.removals || stages,
    steps: to.steps,
    cursor: to.cursor ?? from.cursor,
    barren,
    asPrepared: true,
  };
}

const phaseAt = (target: StreamTarget, steps: readonly Step[]): Phase => phaseOf(target, steps.at(-1)?.phase ?? '');

/** That a record is stored does not say that the source still has it: it counts as seen by no walk, and takes back no removal. */
function unseen(writes: PageWrites): PageWrites {
  return { ...writes, seen: { records: [], edges: [] } };
}

function addsSomething({ records, edges, removed, passedOver }: PageWrites): boolean {
  const removals = removed.records.length + removed.edges.length;
  return removals + passedOver > 0 || records.some((write) => write.change === 'added') || edges.some((write) => write.change === 'added');
}

/** `known`: the record's number, where the page knew it. */
function setAside(object: JsonObject | undefined, known: readonly number[], others: readonly Reject[]): PageWrites {
  const id = typeof object?.['id'] === 'string' ? object['id'] : '#0';
  const reject: Reject = { id, code: 'SOURCE_SHAPE_CHANGED', reason: 'PostgreSQL cannot hold a value of this record.' };
  const nothing = { records: [], edges: [] };
  const rejects = [...others.filter((other) => other.id !== id), reject];
  const none = { records: [], assets: [], evidence: [], covered: [], identities: [], edges: [], passedOver: 0 };
  return { ...none, removed: nothing, seen: nothing, rejects, stale: { begins: known, ends: [] } };
}

/** A key is there already: what was taken as new is not. */
const isTaken = (error: unknown): boolean => sqlStateOf(error) === '23505';

/** Data exceptions, cardinality and program limits: the statement can never succeed with this data. */
function isPoison(error: unknown): boolean {
  return ['21', '22', '54'].includes(sqlStateOf(error).slice(0, 2));
}

function sqlStateOf(error: unknown): string {
  const state = error instanceof TidemarkError ? error.details['sqlstate'] : undefined;
  return typeof state === 'string' ? state : '';
}
