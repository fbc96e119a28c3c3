// What a page's records write: merged with what is stored, compared with it, mapped and scored (design 3.5, 3.8). Pure.
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import { identityKeys } from '../mappings/identity/keys.ts';
import type { AssetWrite, EvidenceWrite, IdentityWrite, PageCommit, RecordWrite, Reject, StoredRecord } from '../store/page.ts';
import { evidenceOf } from './evidence.ts';
import type { Folded, FoldedRecord } from './fold.ts';
import type { Leaves } from './known.ts';
import { merge } from './merge.ts';
import type { StreamTarget } from './page.ts';
import type { Phase } from './plan.ts';

const bodyLimitBytes = 1_000_000;

interface RecordWrites extends Pick<PageCommit, 'records' | 'assets' | 'evidence' | 'identities' | 'rejects' | 'stale'> {
  readonly seenRecords: readonly number[];
  readonly leaves: Leaves;
}

/** `folded`: with all that is set aside; what cannot be written is added to it. */
export function writeRecords(target: StreamTarget, phase: Phase, folded: Folded, stored: ReadonlyMap<string, StoredRecord>): RecordWrites {
  const records: RecordWrite[] = [];
  const assets: AssetWrite[] = [];
  const evidence: EvidenceWrite[] = [];
  const identities: IdentityWrite[] = [];
  const rejects: Reject[] = [...folded.rejects];
  const seenRecords = new Set<number>();
  const fresh: number[] = [];
  const leaves = new Map<string, StoredRecord | null>(rejects.map(({ id }) => [id, null]));
  for (const record of folded.records.values()) {
    const known = storedOf(stored, record.id);
    try {
      const { left, body, asset, told, shown } = writesOf(target, phase, record, known);
      if (body !== null) records.push(body);
      if (asset !== null) assets.push(asset);
      if (told !== null) evidence.push(told);
      if (shown !== null) identities.push(shown);
      seenRecords.add(known.num);
      if (known.asset?.stale === true) fresh.push(known.num);
      leaves.set(record.id, left);
    } catch (error) {
      if (!(error instanceof TidemarkError) || (error.code !== 'MAPPING_FAILED' && error.code !== 'SOURCE_SHAPE_CHANGED')) throw error;
      rejects.push({ id: record.id, code: error.code, reason: error.message });
      leaves.set(record.id, null);
    }
  }
  // A rejected record that is known counts as seen: its last good asset stays, and is stale (decision 5).
  const kept = rejects.flatMap(({ id }) => {
    const known = stored.get(id);
    return known?.known === true ? [known.num] : [];
  });
  kept.forEach((num) => seenRecords.add(num));
  return { records, assets, evidence, identities, rejects, seenRecords: [...seenRecords], stale: { begins: kept, ends: fresh }, leaves };
}

interface OneRecord {
  /** What is stored of it then. */
  readonly left: StoredRecord;
  readonly body: RecordWrite | null;
  readonly asset: AssetWrite | null;
  readonly told: EvidenceWrite | null;
  readonly shown: IdentityWrite | null;
}

function writesOf(target: StreamTarget, phase: Phase, record: FoldedRecord, stored: StoredRecord): OneRecord {
  const merged = merge(phase.objects, record, stored);
  const body = canonical(merged);
  if (body.length > bodyLimitBytes) {
    throw new TidemarkError('SOURCE_SHAPE_CHANGED', `The record is larger than ${bodyLimitBytes} characters.`);
  }
  const hash = hashOf(body);
  const live = stored.known && !stored.tombstoned;
  const same = live && stored.hash === hash;
  const change = live ? 'updated' : stored.known ? 'returned' : 'added';
  const mapped = same && stored.asset?.mapHash === target.map?.hash;
  const asset = mapped ? null : assetOf(target, merged, record.id, stored, live);
  const { num, id } = stored;
  const ofAsset = asset ?? stored.asset;
  return {
    left: {
      id,
      num,
      hash,
      known: true,
      tombstoned: false,
      body: phase.objects === 'whole' ? null : merged,
      seen: true,
      asset: ofAsset === null ? null : { hash: ofAsset.hash, mapHash: ofAsset.mapHash, stale: false },
    },
    body: same ? null : { num, id, body, hash, change },
    asset,
    told: mapped || target.score === null ? null : { num, ...evidenceOf(merged, target.score) },
    shown: mapped ? null : shownBy(target, merged, id, stored),
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

function storedOf(stored: ReadonlyMap<string, StoredRecord>, id: string): StoredRecord {
  const known = stored.get(id);
  if (known === undefined) throw new TidemarkError('INTERNAL', 'The store did not answer for a record of the page.');
  return known;
}
