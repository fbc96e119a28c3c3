// One page: what is stored of its ids, and the one transaction that commits it (design 3.4).
import type { EdgeKind } from '../connectors/definition.ts';
import type { AssetClass, JsonObject, Step } from '../model.ts';
import type { Database } from './database.ts';

/** What the store holds of one record. `num` is its number, given anew when the record is unknown. */
export interface StoredRecord {
  readonly id: string;
  readonly num: number;
  readonly known: boolean;
  readonly tombstoned: boolean;
  /** SHA-256 (hex) of the canonical body; null when unknown. */
  readonly hash: string | null;
  /** Only when asked for. */
  readonly body: JsonObject | null;
  readonly asset: { readonly hash: string; readonly mapHash: string } | null;
  /** Whether an earlier page of this walk had it (asked for chains only; otherwise false). */
  readonly seen: boolean;
}

export interface EdgeId {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  /** The relation's own id, or "". */
  readonly key: string;
}

export interface StoredEdge extends EdgeId {
  readonly num: number;
  readonly known: boolean;
  /** Canonical JSON of the kept properties, or null. */
  readonly properties: string | null;
}

export interface RecordWrite {
  readonly num: number;
  readonly id: string;
  /** Canonical JSON. */
  readonly body: string;
  readonly hash: string;
  readonly change: 'added' | 'updated';
}

export interface AssetWrite {
  /** The record's number: an asset is keyed by it. */
  readonly num: number;
  readonly id: string;
  readonly class: AssetClass;
  /** Canonical JSON of what the record alone says. */
  readonly document: string;
  readonly hash: string;
  readonly mapHash: string;
  readonly change: 'added' | 'updated';
}

export interface EdgeWrite extends EdgeId {
  readonly num: number;
  readonly properties: string | null;
  readonly change: 'added' | 'updated';
}

export interface Reject {
  readonly id: string;
  readonly code: 'MAPPING_FAILED' | 'SOURCE_SHAPE_CHANGED';
  /** What is wrong and where; never the value. */
  readonly reason: string;
}

/** What one page did to the progress that the checkpoint shows. */
export interface PageProgress {
  readonly read: number;
  readonly requests: number;
  readonly bytes: number;
  readonly throttledMs: number;
  readonly workedMs: number;
}

export interface PageCommit {
  readonly run: number;
  readonly connection: string;
  readonly stream: string;
  readonly walk: number;
  /** The page this commits; the checkpoint moves from it to `page + 1`. */
  readonly page: number;
  /** The checkpoint afterwards. `cursor` is kept as it was when undefined. */
  readonly steps: readonly Step[];
  readonly cursor?: string;
  readonly records: readonly RecordWrite[];
  readonly assets: readonly AssetWrite[];
  readonly edges: readonly EdgeWrite[];
  /** Removals the source told: staged, applied by settle. Numbers of known, live records and known edges. */
  readonly removed: { readonly records: readonly number[]; readonly edges: readonly number[] };
  /** Numbers of every record and edge that the page had, written or not: what the sweep compares with, and what takes back staged removals. */
  readonly seen: { readonly records: readonly number[]; readonly edges: readonly number[] };
  readonly rejects: readonly Reject[];
  readonly progress: PageProgress;
}

export declare function readStoredRecords(
  database: Database,
  of: {
    readonly run: number;
    readonly connection: string;
    readonly stream: string;
    readonly walk: number;
    readonly ids: readonly string[];
    readonly bodies: boolean;
    readonly seen: boolean;
  },
): Promise<Map<string, StoredRecord>>;

export declare function readStoredEdges(
  database: Database,
  of: { readonly connection: string; readonly stream: string; readonly edges: readonly EdgeId[] },
): Promise<StoredEdge[]>;

export declare function commitPage(database: Database, page: PageCommit): Promise<void>;
