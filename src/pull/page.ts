// From a page's objects to what its transaction writes: folded, compared with what is stored, records merged and mapped (design 3.4).
import type { SourcePage } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { JsonObject } from '../model.ts';
import { canonical } from '../mappings/canonical.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import type { Database } from '../store/database.ts';
import type { Condition } from '../store/include.ts';
import type { EdgeWrite, PageCommit, Reject, StoredEdge, StoredRecord } from '../store/page.ts';
import { withChanges } from './change.ts';
import { keptOf, type Score } from './evidence.ts';
import { fold } from './fold.ts';
import type { FoldedEdge } from './fold.ts';
import { type Leaves, mayBeNew, readKnown, type Scope } from './known.ts';
import type { Phase, WalkTarget } from './plan.ts';
import { writeRecords } from './records.ts';

/** The map of a stream, or its maps, one for each kind of record. */
export interface RecordMap {
  /** Of all of them, and of how they are scored. */
  readonly hash: string;
  of(record: JsonObject): CompiledMap;
}

export interface StreamTarget extends WalkTarget {
  readonly connection: string;
  readonly connector: string;
  /** null where records are kept without assets. */
  readonly map: RecordMap | null;
  /** How evidence of findings is scored; null where records are none. */
  readonly score: Score | null;
  /** What an asset must meet to be listed; null: each is. */
  readonly include: Condition | null;
  /** What tells these tags from others; '' for none. */
  readonly tags: string;
}

export interface PageWrites extends Pick<
  PageCommit,
  'records' | 'assets' | 'evidence' | 'covered' | 'identities' | 'edges' | 'removed' | 'seen' | 'rejects' | 'stale'
> {
  /** Objects that are not kept. */
  readonly passedOver: number;
}

interface ReadPage extends Required<Pick<SourcePage, 'objects' | 'rejects'>> {
  readonly phase: Phase;
}

/** What a page writes, and what it leaves for the next one to know before it is committed. */
export interface Prepared {
  readonly writes: PageWrites;
  readonly leaves: Leaves;
}

/**
 * Reads what is stored of the page's ids and answers what its transaction must write. Writes nothing; may run twice.
 * What is taken as new is not looked up: where it is not new, the commit fails with SQLSTATE 23505.
 */
export async function preparePage(database: Database, target: StreamTarget, of: Scope, page: ReadPage): Promise<Prepared> {
  const { phase, objects } = page;
  const folded = fold(phase, target.select, objects);
  failpoint('page.afterFold');
  const refusals = page.rejects.map(({ id, reason }): Reject => ({ id, code: 'SOURCE_SHAPE_CHANGED', reason }));
  const rejected = new Set([...refusals, ...folded.rejects].map((reject) => reject.id));
  const asNew = mayBeNew(target, folded, rejected, of.asNew);
  const { records, within, covering, edges: storedEdges } = await readKnown(database, target, { ...of, asNew }, phase, folded, rejected);
  failpoint('page.afterRead');
  const { edges } = folded;
  const kept = target.score === null ? folded : { ...folded, records: keptOf(folded.records, records, covering) };
  const { leaves, ...writes } = writeRecords(target, phase, { ...kept, rejects: [...refusals, ...folded.rejects] }, records);
  // One that cannot be mapped is not inserted: whether it is known has to be looked up.
  if (asNew.records && writes.rejects.length > 0)
    return preparePage(database, target, { ...of, asNew: { ...asNew, records: false } }, page);
  // What is changed again may have been changed by the page before.
  if (writes.assets.some(({ change }) => change === 'updated')) await of.before.committed;
  const assets = await withChanges(database, of.run, writes.assets);
  const { seenRecords, ...others } = writes;
  const pageWrites: PageWrites = {
    ...others,
    assets,
    edges: writeEdges(edges, storedEdges),
    covered: within.flatMap(({ num, suppressed }) => (suppressed ? [] : [num])),
    passedOver: folded.records.size - kept.records.size,
    removed: {
      records: knownNumbers(folded.removed, records),
      edges: storedEdges.slice(edges.length).flatMap(({ known, num }) => (known ? [num] : [])),
    },
    seen: {
      records: [...seenRecords, ...within.map(({ num }) => num)],
      edges: storedEdges.slice(0, edges.length).map(({ num }) => num),
    },
  };
  return { writes: pageWrites, leaves };
}

/** `stored` begins with what is stored of these edges, in their order. */
function writeEdges(edges: readonly FoldedEdge[], stored: readonly StoredEdge[]): EdgeWrite[] {
  return edges.flatMap((edge, index): EdgeWrite[] => {
    const known = stored[index];
    if (known === undefined) throw new TidemarkError('INTERNAL', 'The store did not answer for an edge of the page.');
    const properties = propertiesOf(edge);
    if (known.known && known.properties === properties) return [];
    const { kind, from, to, key } = edge;
    return [{ kind, from, to, key, num: known.num, properties, change: known.known ? 'updated' : 'added' }];
  });
}

function knownNumbers(ids: ReadonlySet<string>, stored: ReadonlyMap<string, StoredRecord>): number[] {
  return [...ids].flatMap((id) => {
    const known = stored.get(id);
    return known?.known === true && !known.tombstoned ? [known.num] : [];
  });
}

const propertiesOf = (edge: FoldedEdge): string | null => (edge.properties === null ? null : canonical(edge.properties));
