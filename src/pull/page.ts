// From a page's objects to what its transaction writes: fold, compare with what is stored, merge, map (design 3.4).
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import type { JsonObject } from '../model.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import { identityKeys } from '../mappings/identity/keys.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import type { Database } from '../store/database.ts';
import type { Condition } from '../store/include.ts';
import { readStoredEdges, readStoredRecords, readWithin } from '../store/page.ts';
import type {
  AssetWrite,
  EdgeWrite,
  EvidenceWrite,
  IdentityWrite,
  PageCommit,
  RecordWrite,
  Reject,
  StoredEdge,
  StoredRecord,
} from '../store/page.ts';
import { withChanges } from './change.ts';
import { coversOf, evidenceOf, keptOf, type Score } from './evidence.ts';
import { fold } from './fold.ts';
import type { Folded, FoldedEdge, FoldedRecord } from './fold.ts';
import { merge } from './merge.ts';
import type { Phase, WalkTarget } from './plan.ts';

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

const bodyLimitBytes = 1_000_000;

/** Reads what is stored of the page's ids and answers what its transaction must write. Writes nothing; may run twice. */
export async function preparePage(
  database: Database,
  target: StreamTarget,
  of: { readonly run: number; readonly walk: number },
  phase: Phase,
  objects: readonly JsonObject[],
  refused: readonly { readonly id: string; readonly reason: string }[] = [],
): Promise<PageWrites> {
  const folded = fold(phase, target.select, objects);
  failpoint('page.afterFold');
  const scope = { run: of.run, connection: target.connection, stream: target.definition.name, walk: of.walk };
  const refusals = refused.map(({ id, reason }): Reject => ({ id, code: 'SOURCE_SHAPE_CHANGED', reason }));
  const rejected = new Set([...refusals, ...folded.rejects].map((reject) => reject.id));
  const { edges, removedEdges } = folded;
  const covers = coversOf(folded.records);
  const [records, within, storedEdges] = await Promise.all([
    readStoredRecords(database, {
      ...scope,
      ids: [...new Set([...folded.records.keys(), ...folded.removed, ...rejected])],
      bodies: phase.objects !== 'whole',
      seen: phase.objects === 'first',
    }),
    readWithin(database, { ...scope, ids: [...covers.keys()] }),
    readStoredEdges(database, { ...scope, edges: [...edges, ...removedEdges] }),
  ]);
  failpoint('page.afterRead');
  const covering = new Set(within.flatMap((record) => covers.get(record.of) ?? []));
  const kept = target.score === null ? folded : { ...folded, records: keptOf(folded.records, records, covering) };
  const writes = writeRecords(target, phase, { ...kept, rejects: [...refusals, ...folded.rejects] }, records);
  return {
    ...writes,
    assets: await withChanges(database, of.run, writes.assets),
    edges: writeEdges(edges, storedEdges),
    covered: within.flatMap(({ num, suppressed }) => (suppressed ? [] : [num])),
    passedOver: folded.records.size - kept.records.size,
    removed: {
      records: knownNumbers(folded.removed, records),
      edges: storedEdges.slice(edges.length).flatMap(({ known, num }) => (known ? [num] : [])),
    },
    seen: {
      records: [...writes.seenRecords, ...within.map(({ num }) => num)],
      edges: storedEdges.slice(0, edges.length).map(({ num }) => num),
    },
  };
}

interface RecordWrites extends Pick<PageCommit, 'records' | 'assets' | 'evidence' | 'identities' | 'rejects' | 'stale'> {
  readonly seenRecords: readonly number[];
}

function writeRecords(target: StreamTarget, phase: Phase, folded: Folded, stored: ReadonlyMap<string, StoredRecord>): RecordWrites {
  const records: RecordWrite[] = [];
  const assets: AssetWrite[] = [];
  const evidence: EvidenceWrite[] = [];
  const identities: IdentityWrite[] = [];
  const rejects: Reject[] = [...folded.rejects];
  const seenRecords = new Set<number>();
  const fresh: number[] = [];
  for (const record of folded.records.values()) {
    const known = storedOf(stored, record.id);
    try {
      const { body, asset, told, shown } = writesOf(target, phase, record, known);
      if (body !== null) records.push(body);
      if (asset !== null) assets.push(asset);
      if (told !== null) evidence.push(told);
      if (shown !== null) identities.push(shown);
      seenRecords.add(known.num);
      if (known.asset?.stale === true) fresh.push(known.num);
    } catch (error) {
      if (!(error instanceof TidemarkError) || (error.code !== 'MAPPING_FAILED' && error.code !== 'SOURCE_SHAPE_CHANGED')) throw error;
      rejects.push({ id: record.id, code: error.code, reason: error.message });
    }
  }
  // A rejected record that is known counts as seen: its last good asset stays, and is stale (decision 5).
  const kept = rejects.flatMap(({ id }) => {
    const known = stored.get(id);
    return known?.known === true ? [known.num] : [];
  });
  kept.forEach((num) => seenRecords.add(num));
  return { records, assets, evidence, identities, rejects, seenRecords: [...seenRecords], stale: { begins: kept, ends: fresh } };
}

function writesOf(
  target: StreamTarget,
  phase: Phase,
  record: FoldedRecord,
  stored: StoredRecord,
): {
  readonly body: RecordWrite | null;
  readonly asset: AssetWrite | null;
  readonly told: EvidenceWrite | null;
  readonly shown: IdentityWrite | null;
} {
  const merged = merge(phase.objects, record, stored);
  const body = canonical(merged);
  if (body.length > bodyLimitBytes) {
    throw new TidemarkError('SOURCE_SHAPE_CHANGED', `The record is larger than ${bodyLimitBytes} characters.`);
  }
  const hash = hashOf(body);
  const live = stored.known && !stored.tombstoned;
  const same = live && stored.hash === hash;
  const change = live ? 'updated' : stored.known ? 'returned' : 'added';
  if (same && stored.asset?.mapHash === target.map?.hash) return { body: null, asset: null, told: null, shown: null };
  return {
    body: same ? null : { num: stored.num, id: record.id, body, hash, change },
    asset: assetOf(target, merged, record.id, stored, live),
    told: target.score === null ? null : { num: stored.num, ...evidenceOf(merged, target.score) },
    shown: shownBy(target, merged, record.id, stored),
  };
}

/** A new record without keys has nothing to write, and no other's to take away. */
function shownBy({ definition }: StreamTarget, body: JsonObject, id: string, stored: StoredRecord): IdentityWrite | null {
  if (definition.identity === undefined) return null;
  const { keys } = identityKeys(definition.identity({ id, body }));
  return keys.length === 0 && !stored.known ? null : { num: stored.num, keys };
}

function assetOf(target: StreamTarget, merged: JsonObject, id: string, stored: StoredRecord, live: boolean): AssetWrite | null {
  if (target.map === null) return null;
  const map = target.map.of(merged);
  const document = canonical(map.document(merged));
  const hash = hashOf(document);
  const same = live && stored.asset?.hash === hash;
  if (same && stored.asset.mapHash === target.map.hash) return null;
  const change = stored.asset === null ? 'added' : same ? 'unchanged' : live ? 'updated' : 'returned';
  return { num: stored.num, id, class: map.map.class, document, hash, mapHash: target.map.hash, change };
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

function storedOf(stored: ReadonlyMap<string, StoredRecord>, id: string): StoredRecord {
  const known = stored.get(id);
  if (known === undefined) throw new TidemarkError('INTERNAL', 'The store did not answer for a record of the page.');
  return known;
}

function knownNumbers(ids: ReadonlySet<string>, stored: ReadonlyMap<string, StoredRecord>): number[] {
  return [...ids].flatMap((id) => {
    const known = stored.get(id);
    return known?.known === true && !known.tombstoned ? [known.num] : [];
  });
}

const propertiesOf = (edge: FoldedEdge): string | null => (edge.properties === null ? null : canonical(edge.properties));
