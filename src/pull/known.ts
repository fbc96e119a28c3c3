// What is stored of a page's records and edges: looked up, left by the page before it that still commits, or nothing where all before was new (design 3.4).
import { TidemarkError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { newNumbers } from '../store/numbers.ts';
import type { EdgeId, StoredEdge, StoredRecord } from '../store/page.ts';
import { readStoredEdges, readStoredRecords, readWithin } from '../store/page.ts';
import { coversOf } from './evidence.ts';
import type { Folded } from './fold.ts';
import type { PageWrites, StreamTarget } from './page.ts';
import type { Phase } from './plan.ts';

export interface Known {
  /** Of each id of the page. */
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** Of its edges and then of those that it removes, in their order. */
  readonly edges: readonly StoredEdge[];
  /** Records that came from rows which now cover them, and the ids of those that say so. */
  readonly within: Awaited<ReturnType<typeof readWithin>>;
  readonly covering: ReadonlySet<string>;
}

/** Whether all records of a page, and all its edges, were stored by no page before it. */
export interface AllNew {
  readonly records: boolean;
  readonly edges: boolean;
}

export const nothingNew: AllNew = { records: false, edges: false };

/** Of a page that writes something. */
export function newOf({ records, edges, seen }: Pick<PageWrites, 'records' | 'edges' | 'seen'>): AllNew {
  const some = records.length + edges.length > 0;
  const isNew = (writes: readonly { readonly change: string }[], { length }: readonly number[]): boolean =>
    some && writes.length === length && writes.every(({ change }) => change === 'added');
  return { records: isNew(records, seen.records), edges: isNew(edges, seen.edges) };
}

export const bothNew = (one: AllNew, other: AllNew): AllNew => ({
  records: one.records && other.records,
  edges: one.edges && other.edges,
});

/**
 * What of a page may be taken as new, where `asNew` asks for it: what is inserted then, for an insert fails where something is there already. MUST leave
 * out what is not: of what a page removes or sets aside, of flaws, some of which are kept only when they are known, it has to be known.
 */
export function mayBeNew({ score }: StreamTarget, folded: Folded, rejected: ReadonlySet<string>, asNew: AllNew): AllNew {
  return {
    records: asNew.records && score === null && rejected.size + folded.removed.size === 0,
    edges: asNew.edges && folded.removedEdges.length === 0,
  };
}

/**
 * What a page leaves stored of its ids once it is committed as it was prepared, for the next page of its collection; null of those that have to be looked
 * up then.
 */
export type Leaves = ReadonlyMap<string, StoredRecord | null>;

/** The page before, which may still commit: all before it are committed. `leaves` null: it says nothing of this page, which looks up all after it. */
export interface PageBefore {
  readonly committed: Promise<unknown>;
  readonly leaves: Leaves | null;
}

export const noPageBefore: PageBefore = { committed: Promise.resolve(), leaves: new Map() };

export interface Scope {
  readonly run: number;
  readonly walk: number;
  /** What is not looked up. */
  readonly asNew: AllNew;
  readonly before: PageBefore;
}

/** Writes nothing; may run twice. Numbers of what is not stored are given anew each time. */
export async function readKnown(
  database: Database,
  target: StreamTarget,
  { run, walk, asNew, before }: Scope,
  phase: Phase,
  folded: Folded,
  rejected: ReadonlySet<string>,
): Promise<Known> {
  const ids = [...new Set([...folded.records.keys(), ...folded.removed, ...rejected])];
  const edges = [...folded.edges, ...folded.removedEdges];
  const covers = coversOf(folded.records);
  const looksUpEdges = !asNew.edges && edges.length > 0;
  const { leaves } = before;
  const waits = leaves === null || target.score !== null || looksUpEdges || ids.some((id) => leaves.get(id) === null);
  if (waits) await before.committed;
  const left: Leaves = waits ? new Map() : leaves;
  const others = ids.filter((id) => !left.has(id));
  const scope = { run, connection: target.connection, stream: target.definition.name, walk };
  const options = { bodies: phase.objects !== 'whole', seen: phase.objects === 'first' };
  const [nums, looked, lookedEdges, within] = await Promise.all([
    newNumbers(database, { records: asNew.records ? others.length : 0, edges: asNew.edges ? edges.length : 0 }),
    asNew.records ? null : readStoredRecords(database, { ...scope, ids: others, ...options }),
    asNew.edges ? null : readStoredEdges(database, { ...scope, edges }),
    readWithin(database, { ...scope, ids: [...covers.keys()] }),
  ]);
  const records = looked ?? new Map(others.map((id, index) => [id, { ...nothing, id, num: numberAt(nums.records, index) }]));
  for (const id of ids) {
    const known = left.get(id);
    if (known !== null && known !== undefined) records.set(id, known);
  }
  return {
    records,
    edges: lookedEdges ?? edges.map((edge, index) => newEdge(edge, numberAt(nums.edges, index))),
    within,
    covering: new Set(within.flatMap((record) => covers.get(record.of) ?? [])),
  };
}

/** What is not stored. */
const nothing = { known: false, tombstoned: false, hash: null, body: null, asset: null, seen: false } as const;

const newEdge = ({ kind, from, to, key }: EdgeId, num: number): StoredEdge => ({
  kind,
  from,
  to,
  key,
  num,
  known: false,
  properties: null,
});

function numberAt(nums: readonly number[], index: number): number {
  const num = nums[index];
  if (num === undefined) throw new TidemarkError('INTERNAL', 'The database gave fewer numbers than the page has.');
  return num;
}
