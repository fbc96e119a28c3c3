// Commits what a page says; a page PostgreSQL cannot hold is halved until the record is found and set aside (I11).
import type { SourcePage } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { JsonObject, Step } from '../model.ts';
import type { Database } from '../store/database.ts';
import { commitPage, hasUnseen } from '../store/page.ts';
import type { PageProgress, Reject } from '../store/page.ts';
import { preparePage } from './page.ts';
import type { PageWrites, StreamTarget } from './page.ts';
import { type Phase, phaseOf } from './plan.ts';

/** Where a walk stands between two pages. */
export interface Position {
  readonly walk: number;
  readonly page: number;
  readonly steps: readonly Step[];
  readonly cursor: string | null;
  /** How many pages in a row had nothing that an earlier page of the walk had not. */
  readonly barren: number;
}

export interface CommitRequest {
  readonly database: Database;
  readonly run: number;
  readonly target: StreamTarget;
  /** Worked time since the last commit, in milliseconds. */
  readonly workedMs: number;
}

/**
 * Commits one page and answers where the walk stands then.
 * @throws STALE_ATTEMPT, without effect, when another run or attempt has taken over.
 */
export function commitFetched(request: CommitRequest, from: Position, page: SourcePage, after: readonly Step[]): Promise<Position> {
  const { requests, bytes, throttledMs, cursor, objects, rejects = [] } = page;
  const progress = { requests, bytes, throttledMs, workedMs: request.workedMs };
  return commitObjects(request, from, objects, { steps: after, cursor, progress, rejects });
}

interface Outcome {
  readonly steps: readonly Step[];
  readonly cursor: string | null;
  readonly progress: Omit<PageProgress, 'read' | 'fresh' | 'passedOver' | 'collection'>;
  /** What the source could not make objects of. */
  readonly rejects: NonNullable<SourcePage['rejects']>;
}

async function commitObjects(request: CommitRequest, from: Position, objects: readonly JsonObject[], to: Outcome): Promise<Position> {
  const { database, run, target } = request;
  const phase = phaseOf(target, from.steps.at(-1)?.phase ?? '');
  const writes = await preparePage(database, target, { run, walk: from.walk }, phase, objects, to.rejects);
  failpoint('page.afterMap');
  try {
    return await commitWrites(request, from, phase.stored ? unseen(writes) : writes, objects.length, to, phase);
  } catch (error) {
    if (!isPoison(error)) throw error;
    const [object] = objects;
    if (object === undefined || objects.length === 1)
      return commitWrites(request, from, setAside(object, writes.seen.records, writes.rejects), objects.length, to, phase);
    return commitHalves(request, from, objects, to);
  }
}

/** The first half leaves the same link to be read: were the worker killed between the halves, the page would be fetched again. */
async function commitHalves(request: CommitRequest, from: Position, objects: readonly JsonObject[], to: Outcome): Promise<Position> {
  const middle = Math.ceil(objects.length / 2);
  const half = await commitObjects(request, from, objects.slice(0, middle), { ...to, steps: from.steps, cursor: null });
  const counted = { requests: 0, bytes: 0, throttledMs: 0, workedMs: 0 };
  return commitObjects(request, half, objects.slice(middle), { ...to, progress: counted, rejects: [] });
}

async function commitWrites(
  request: CommitRequest,
  from: Position,
  writes: PageWrites,
  read: number,
  to: Outcome,
  { stored, answersFor }: Phase,
): Promise<Position> {
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
    steps: to.steps,
    ...(to.cursor === null ? {} : { cursor: to.cursor }),
    progress: { ...to.progress, read, fresh, passedOver, collection },
  });
  failpoint('page.afterCommit');
  return { walk: from.walk, page: from.page + 1, steps: to.steps, cursor: to.cursor ?? from.cursor, barren: fresh ? 0 : from.barren + 1 };
}

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

/** Data exceptions, cardinality and program limits: the statement can never succeed with this data. */
function isPoison(error: unknown): boolean {
  const state = error instanceof TidemarkError ? error.details['sqlstate'] : undefined;
  return typeof state === 'string' && ['21', '22', '54'].includes(state.slice(0, 2));
}
